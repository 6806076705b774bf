//! What the codes of Azure's errors mean.

use super::asked::Asked;
use crate::error::Kind;

/// `None` for a code that says no more than its status.
pub(super) fn meaning(code: &str, asked: Asked) -> Option<Kind> {
    let creates = asked == Asked::Put { create: true };
    let copies = matches!(asked, Asked::Copy | Asked::CopyBlock);
    // Of a copy it may be the source that refuses, which says nothing of who may write here.
    let as_whom = if copies {
        Kind::Refused
    } else {
        Kind::Credentials
    };
    Some(match code {
        "BlobNotFound" => Kind::NotFound,
        // Thanos takes it for the same.
        "InvalidUri" if matches!(asked, Asked::Read | Asked::Head) => Kind::NotFound,
        // For some seconds nobody can make it anew.
        "ContainerBeingDeleted" if asked == Asked::MakeContainer => Kind::Transient,
        "ContainerNotFound" | "ContainerDisabled" | "ContainerBeingDeleted" => Kind::BucketGone,
        "ContainerAlreadyExists" | "BlobAlreadyExists" => Kind::AlreadyExists,
        "ConditionNotMet" | "TargetConditionNotMet" if creates => Kind::AlreadyExists,
        "ConditionNotMet" | "TargetConditionNotMet" | "SourceConditionNotMet" | "InvalidRange" => {
            Kind::Changed
        }
        "AuthenticationFailed"
        | "InvalidAuthenticationInfo"
        | "NoAuthenticationInformation"
        | "KeyBasedAuthenticationNotPermitted"
        | "AccountIsDisabled"
        | "PublicAccessNotPermitted"
        | "AuthorizationProtocolMismatch"
        | "AuthorizationServiceMismatch"
        | "AuthorizationSourceIPMismatch" => as_whom,
        "AuthorizationFailure"
        | "AuthorizationPermissionMismatch"
        | "AuthorizationResourceTypeMismatch"
        | "InsufficientAccountPermissions"
        | "UnauthorizedBlobOverwrite"
        | "LeaseIdMissing"
        | "LeaseIdMismatchWithBlobOperation"
        | "LeaseIdMismatchWithContainerOperation" => Kind::Refused,
        // The source's refusal says nothing of who may write here.
        "CannotVerifyCopySource" if copies => Kind::Refused,
        "BlobArchived" | "BlobBeingRehydrated" | "BlobCannotBeReadDueToArchive" => Kind::Unreadable,
        "BlobImmutableDueToPolicy"
        | "BlobImmutableDueToLegalHold"
        | "ContainerImmutableDueToPolicy" => Kind::ReadOnly,
        "APINotImplemented"
        | "CopyAcrossAccountsNotSupported"
        | "FeatureNotSupported"
        | "BlobTypeNotSupported" => Kind::Unsupported,
        // A block is not there any more, for somebody else has made an object of others; or the bytes were damaged on their way; or Azure is in
        // trouble.
        "InvalidBlockList"
        | "Md5Mismatch"
        | "Crc64Mismatch"
        | "PendingCopyOperation"
        | "ServerBusy"
        | "InternalError"
        | "OperationTimedOut"
        | "RequestTimeout"
        | "AccountBeingCreated" => Kind::Transient,
        _ => return None,
    })
}

/// Whether nothing is gained by repeating the very same request, although another attempt at the whole may succeed.
pub(super) fn ends_upload(code: &str) -> bool {
    code == "InvalidBlockList"
}
