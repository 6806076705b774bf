//! Every exit code of the process, in one place.
//!
//! | code | [`Exit`] | when |
//! |---|---|---|
//! | 0 | `Done` | all that was asked for is done, or needed nothing |
//! | 1 | `Aborted` | it could not begin or had to stop, for a reason that concerns more than one block |
//! | 2 | `Misused` | the command line or a configuration is wrong |
//! | 3 | `Attention` | it is finished, and something needs a person |
//! | 130 | `Stopped` by SIGINT | a signal asked for it |
//! | 143 | `Stopped` by SIGTERM | a signal asked for it |

use std::process::ExitCode;

use crate::error::{Error, Kind};

/// How a run ends, and so the exit code of its process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Every selected block is moved or needed nothing.
    Done,
    /// The run could not begin, or had to stop: what stopped it concerns a whole bucket.
    Aborted,
    /// The command line or a configuration is wrong.
    Misused,
    /// Finished, but something needs a person.
    Attention,
    /// A signal asked for it.
    Stopped(Signal),
}

/// What asked the run to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

impl Exit {
    /// Each of them, by code.
    pub const ALL: [Self; 6] = [
        Exit::Done,
        Exit::Aborted,
        Exit::Misused,
        Exit::Attention,
        Exit::Stopped(Signal::Interrupt),
        Exit::Stopped(Signal::Terminate),
    ];

    /// The exit of a run that ended with `err`. Where a signal had asked it to stop, the signal counts, for it may have caused the error.
    #[must_use]
    pub fn of_error(err: &Error, asked: Option<Signal>) -> Self {
        match (err.kind(), asked) {
            (Kind::Usage, _) => Exit::Misused,
            (Kind::Cancelled, Some(signal)) => Exit::Stopped(signal),
            _ => Exit::Aborted,
        }
    }

    /// The exit code of the process.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Aborted => 1,
            Exit::Misused => 2,
            Exit::Attention => 3,
            // As shells report it: 128 and the signal's number.
            Exit::Stopped(Signal::Interrupt) => 130,
            Exit::Stopped(Signal::Terminate) => 143,
        }
    }

    /// The signal that asked for it.
    #[must_use]
    pub fn signal(self) -> Option<Signal> {
        match self {
            Exit::Stopped(signal) => Some(signal),
            Exit::Done | Exit::Aborted | Exit::Misused | Exit::Attention => None,
        }
    }
}

/// What an exit code means, in words, for those who read it later.
pub(crate) fn meaning(code: u8) -> &'static str {
    match code {
        0 => "done",
        1 => "had to stop",
        2 => "refused",
        3 => "something needs a person",
        130 | 143 => "stopped by a signal",
        _ => "ended",
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

impl Signal {
    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Signal::Interrupt => "SIGINT",
            Signal::Terminate => "SIGTERM",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-2.4
    #[test]
    fn codes_are_those_of_the_specification() {
        assert_eq!(Exit::ALL.map(Exit::code), [0, 1, 2, 3, 130, 143]);
    }

    /// S-2.4
    #[test]
    fn a_signal_comes_before_the_error_that_it_made() {
        let signal = Signal::Terminate;
        for (kind, asked, expected) in [
            (Kind::Usage, None, Exit::Misused),
            (Kind::Usage, Some(signal), Exit::Misused),
            (Kind::Cancelled, None, Exit::Aborted),
            (Kind::Cancelled, Some(signal), Exit::Stopped(signal)),
            (Kind::Credentials, Some(signal), Exit::Aborted),
            (Kind::Other, None, Exit::Aborted),
        ] {
            let err = Error::new(kind, "list s3://hot");
            assert_eq!(Exit::of_error(&err, asked), expected, "{kind:?}");
        }
    }
}
