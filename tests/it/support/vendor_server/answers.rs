//! What a server says: documents of XML, and refusals in the words of each vendor.

use std::fmt::Write as _;

use super::vendor::Vendor;
use crate::support::answering::Answer;

/// Why something is not done.
#[derive(Debug, Clone)]
pub struct Refusal {
    pub status: u16,
    pub code: &'static str,
    pub message: String,
}

impl Refusal {
    pub fn new(status: u16, code: &'static str, message: &str) -> Self {
        Self {
            status,
            code,
            message: message.to_owned(),
        }
    }

    /// As the vendor puts it.
    pub fn told_by(&self, vendor: &Vendor, host: &str, path: &str) -> Answer {
        let Self {
            status,
            code,
            message,
        } = self;
        let more = match vendor.name {
            "COS" => format!(
                "<Resource>{}</Resource><TraceId>trace</TraceId>",
                escaped(&format!("{host}{path}"))
            ),
            "ALIYUNOSS" => format!("<HostId>{host}</HostId><EC>0000-00000000</EC>"),
            "OBS" => "<HostId>host</HostId>".to_owned(),
            _ => format!("<Resource>{}</Resource>", escaped(path)),
        };
        let message = escaped(message);
        let body = format!(
            "<?xml version='1.0' encoding='utf-8' ?>\n<Error>\n\t<Code>{code}</Code>\n\t<Message>{message}</Message>\n\t{more}\n\t<RequestId>1</RequestId>\n</Error>\n"
        );
        Answer {
            body: body.into_bytes(),
            ..document(*status)
        }
    }
}

/// An answer without a body.
pub fn empty(status: u16) -> Answer {
    Answer {
        status,
        ..Answer::default()
    }
}

fn document(status: u16) -> Answer {
    Answer {
        status,
        headers: vec![("content-type", "application/xml".to_owned())],
        body: Vec::new(),
    }
}

/// A document with this root.
pub fn xml(root: &str, inside: &str) -> Answer {
    let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root}>{inside}</{root}>");
    Answer {
        body: text.into_bytes(),
        ..document(200)
    }
}

/// An element with this text.
pub fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escaped(text))
}

/// As it stands in a document.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, letter| {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            letter if letter.is_control() => {
                write!(escaped, "&#{};", u32::from(letter)).unwrap();
            }
            letter => escaped.push(letter),
        }
        escaped
    })
}
