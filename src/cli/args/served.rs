//! Flags about what is served over HTTP.

use std::path::PathBuf;

use clap::Args;

use crate::cli::flags::Origins;
use crate::error::{Error, Result};
use crate::serve::{Address, Settings, Token};

#[derive(Args)]
#[command(next_help_heading = "HTTP")]
pub(in crate::cli) struct Served {
    /// Where to listen for HTTP: health, metrics, a page and the API.
    ///
    /// Without a host it is every address of the machine, and with port 0 a free
    /// port, which the log says. Empty, there is no HTTP. Whoever reaches it sees page
    /// and metrics, with names of buckets, rules and blocks; TLS is not offered: put a
    /// mesh or a proxy in front of any address but one of loopback.
    #[arg(
        long,
        value_name = "HOST:PORT",
        default_value = "127.0.0.1:10922",
        allow_hyphen_values = true
    )]
    http_address: String,

    /// The path of a file with the token that the API wants. Without it, there is no
    /// API.
    ///
    /// The file is read for each request, so that the token can be changed.
    #[arg(long = "http.bearer-token-file", value_name = "PATH")]
    bearer_token_file: Option<PathBuf>,
}

impl Served {
    /// Where to listen, and for whom; `None` for nowhere.
    pub(in crate::cli) fn settings(self, origins: &Origins<'_>) -> Result<Option<Settings>> {
        let token = "http.bearer-token-file";
        if self.http_address.is_empty() {
            return match self.bearer_token_file {
                None => Ok(None),
                Some(_) => Err(Error::usage(format!(
                    "{} is given and {} is empty: expected an address, or no token",
                    origins.name(token),
                    origins.name("http-address"),
                ))),
            };
        }
        let of_flag = |flag, err: Error| Error::usage(format!("{} {err:#}", origins.name(flag)));
        let address = self.http_address.parse::<Address>();
        let address = address.map_err(|err| of_flag("http-address", err))?;
        let path = self.bearer_token_file;
        let token = path
            .map(|path| Token::in_file(path).map_err(|err| of_flag(token, err)))
            .transpose()?;
        Ok(Some(Settings { address, token }))
    }
}
