//! What the codes of S3's errors mean, in the words of all who speak it.

use crate::error::Kind;

/// What a code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// This, whatever was asked for.
    Kind(Kind),
    /// A condition of the request does not hold.
    Precondition,
    /// An upload in parts cannot be completed, and another one can.
    UploadIsLost,
}

/// `None` for a code that says no more than its status.
pub(super) fn meaning(code: &str) -> Option<Meaning> {
    let kind = match code {
        "PreconditionFailed" => return Some(Meaning::Precondition),
        "InvalidPart" | "InvalidPartOrder" | "EntityTooSmall" | "NoSuchUpload" => {
            return Some(Meaning::UploadIsLost);
        }
        "NoSuchLifecycleConfiguration" | "NoSuchLifecycle" | "NoSuchWORMConfiguration" | "ObjectLockConfigurationNotFoundError" | "NoSuchKey" | "NoSuchObject" | "NoSuchVersion" | "ObjectNotFound" | "KeyNotFound"
        | "NotFound" => Kind::NotFound,
        "NoSuchBucket" | "BucketNotFound" => Kind::BucketGone,
        "AccessDenied" | "Forbidden" | "AllAccessDisabled" => Kind::Refused,
        "PermanentRedirect" | "TemporaryRedirect" | "Redirect" | "AuthorizationHeaderMalformed"
        | "IllegalLocationConstraintException" => Kind::Elsewhere,
        code if is_of_path_style(code) => Kind::Elsewhere,
        "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidToken"
        | "InvalidIdentityToken"
        | "InvalidClientTokenId"
        | "TokenRefreshRequired"
        | "RequestTimeTooSkewed"
        | "RequestExpired"
        | "Unauthorized"
        | "AccountProblem"
        | "NotSignedUp"
        | "SecurityTokenExpired"
        | "InvalidSecurityToken"
        | "UserDisable"
        // Huawei's, of accounts that are closed, frozen or in debt.
        | "DeregisterUserId"
        | "FrozenUserId"
        | "InArrearOrInsufficientBalance"
        | "XMinioInvalidAccessKeyId" => Kind::Credentials,
        "NotImplemented" => Kind::Unsupported,
        "InvalidObjectState" => Kind::Unreadable,
        "InvalidRange" => Kind::Changed,
        "XMinioStorageFull"
        | "XMinioAdminBucketQuotaExceeded"
        | "QuotaExceeded"
        | "InsufficientStorage"
        | "InsufficientStorageSpace"
        | "NotEnoughSpace"
        | "InsufficientCapacity" => Kind::NoSpace,
        "ObjectLocked" | "FileImmutable" | "XMinioReadOnly" | "MethodNotAllowed" => Kind::ReadOnly,
        "BadDigest"
        | "IncompleteBody"
        | "XAmzContentSHA256Mismatch"
        | "OperationAborted"
        | "RequestTimeout"
        | "UserNetworkTooSlow"
        | "XMinioServerNotInitialized"
        // Somebody else was at it at the same moment; what lies there now is for the next try to find out.
        | "ConditionalRequestConflict" => Kind::Transient,
        code if is_of_a_server_in_trouble(code) => Kind::Transient,
        code if code.starts_with("KMS.") => Kind::Unreadable,
        _ => return None,
    };
    Some(Meaning::Kind(kind))
}

/// Whether a code means that a bucket's name does not stand in a path there, in the words of Tencent, Alibaba and Huawei.
pub(super) fn is_of_path_style(code: &str) -> bool {
    matches!(
        code,
        "PathStyleDomainForbidden" | "SecondLevelDomainForbidden" | "VirtualHostDomainRequired"
    )
}

/// Whether a code means that the server is overloaded or failing. Services spell these in many ways, with a service's name in front and `Exception`
/// at the end.
fn is_of_a_server_in_trouble(code: &str) -> bool {
    const WORDS: [&str; 16] = [
        "SlowDown",
        "Throttl",
        "TooManyRequests",
        "RequestLimitExceeded",
        "LimitExceededException",
        "BandwidthLimitExceeded",
        "ProvisionedThroughputExceeded",
        "PriorRequestNotComplete",
        "ServiceUnavailable",
        "KeyUnavailable",
        "InternalError",
        "InternalFailure",
        "InternalException",
        "Timeout",
        "TimedOut",
        "Busy",
    ];
    WORDS.iter().any(|word| code.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-6.1
    #[test]
    fn a_server_in_trouble_says_so_in_many_ways() {
        for code in [
            "SlowDown",
            "SlowDownRead",
            "KMS.ThrottlingException",
            "Throttling",
            "ThrottledException",
            "RequestThrottled",
            "TooManyRequestsException",
            "KMS.KMSInternalException",
            "KMS.DependencyTimeoutException",
            "KMS.KeyUnavailableException",
            "ServerBusy",
            "InternalError",
            "InternalServerErrorTimeout",
            "RequestTimeout",
            "ServiceUnavailable",
            "503SlowDown",
        ] {
            let found = meaning(code);
            assert_eq!(found, Some(Meaning::Kind(Kind::Transient)), "{code}");
        }
        for code in ["KMS.DisabledException", "KMS.NotFoundException"] {
            assert_eq!(
                meaning(code),
                Some(Meaning::Kind(Kind::Unreadable)),
                "{code}"
            );
        }
        assert_eq!(meaning("InvalidArgument"), None);
    }

    /// S-3.62: as OBS' list of error codes has them.
    #[test]
    fn huaweis_words_for_what_concerns_a_whole_bucket_are_known() {
        for (code, expected) in [
            ("FrozenUserId", Kind::Credentials),
            ("InArrearOrInsufficientBalance", Kind::Credentials),
            ("InsufficientStorageSpace", Kind::NoSpace),
            ("AllAccessDisabled", Kind::Refused),
            ("InvalidObjectState", Kind::Unreadable),
            ("ServiceUnavailable", Kind::Transient),
        ] {
            assert_eq!(meaning(code), Some(Meaning::Kind(expected)), "{code}");
        }
    }
}
