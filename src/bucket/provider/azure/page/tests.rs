#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use super::*;

fn page(blobs: &str, marker: &str) -> Result<Page, Fault> {
    let body = format!(
        "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults ServiceEndpoint=\"https://hot/\" ContainerName=\"c\">\
         <Blobs>{blobs}</Blobs><NextMarker>{marker}</NextMarker></EnumerationResults>"
    );
    read(body.as_bytes(), Some("here"))
}

fn blob(name: &str, properties: &str) -> String {
    format!("<Blob>{name}<Properties>{properties}</Properties><OrMetadata /></Blob>")
}

/// S-3.25
#[test]
fn a_page_tells_of_each_object_what_azure_knows() {
    let properties = "<Creation-Time>Fri, 27 Nov 2026 08:00:00 GMT</Creation-Time><Last-Modified>Fri, 27 Nov 2026 08:14:07 GMT</Last-Modified>\
        <Etag>0x8DE2D</Etag><Content-Length>9</Content-Length><Content-MD5>JfnnlDI7RTiF9RgfG2JNCw==</Content-MD5><BlobType>BlockBlob</BlobType>\
        <AccessTier>Cool</AccessTier><AccessTierInferred>true</AccessTierInferred>";
    let found = page(&blob("<Name>a/b</Name>", properties), "").unwrap();
    assert_eq!(found.next, Next::End);
    let [entry] = &found.entries[..] else {
        panic!("{found:?}");
    };
    assert_eq!(entry.key, "a/b");
    assert_eq!(entry.size_bytes, Some(9));
    assert_eq!(entry.etag.as_deref(), Some("\"0x8DE2D\""));
    let md5 = 0x25f9_e794_323b_4538_85f5_181f_1b62_4d0b_u128.to_be_bytes();
    assert_eq!(entry.digests, Fingerprint::md5(md5));
    assert_eq!(entry.modified.unwrap().timestamp(), 1_795_767_247);
    assert!(!entry.archived && entry.left_out.is_none());
}

/// S-3.25: a name that XML cannot hold is told as it is, and is none that anything is read under.
#[test]
fn names_are_told_letter_by_letter() {
    let size = "<Content-Length>1</Content-Length>";
    for (name, expected, is_left_out) in [
        ("<Name>a b&amp;c%41+</Name>", "a b&c%41+", false),
        ("<Name> a</Name>", " a", false),
        (
            "<Name Encoded=\"true\">a%20b%EF%BF%BE</Name>",
            "a b\u{fffe}",
            false,
        ),
        ("<Name Encoded=\"true\">a%0Ab</Name>", "a\nb", true),
        ("<Name Encoded=\"true\">a%ZZ</Name>", "a%ZZ", true),
        ("<Name Encoded=\"true\">a%FF</Name>", "a%FF", true),
        ("<Name>a//b</Name>", "a//b", true),
        ("<Name>a/../b</Name>", "a/../b", true),
    ] {
        let found = page(&blob(name, size), "").unwrap();
        let entry = found.entries.first().unwrap();
        assert_eq!(entry.key, expected);
        assert_eq!(entry.left_out.is_some(), is_left_out, "{name}");
    }
}

/// S-3.27
#[test]
fn what_cannot_be_read_at_once_is_known() {
    for (properties, archived) in [
        ("<AccessTier>Archive</AccessTier>", true),
        (
            "<AccessTier>Archive</AccessTier><ArchiveStatus>rehydrate-pending-to-hot</ArchiveStatus>",
            true,
        ),
        (
            "<AccessTier>Hot</AccessTier><ArchiveStatus></ArchiveStatus>",
            false,
        ),
        ("<AccessTier>Cold</AccessTier>", false),
        ("", false),
    ] {
        let found = page(&blob("<Name>a</Name>", properties), "").unwrap();
        assert_eq!(
            found.entries.first().unwrap().archived,
            archived,
            "{properties}"
        );
    }
}

#[test]
fn what_is_no_object_of_thanos_is_not_taken_for_one() {
    let directory = blob(
        "<Name>a</Name>",
        "<ResourceType>directory</ResourceType><Content-Length>0</Content-Length>",
    );
    let append = blob(
        "<Name>b</Name>",
        "<BlobType>AppendBlob</BlobType><Content-Length>1</Content-Length>",
    );
    let prefix = "<BlobPrefix><Name>c/</Name></BlobPrefix>";
    let found = page(&format!("{directory}{append}{prefix}"), "there").unwrap();
    assert_eq!(found.next, Next::Token("there".to_owned()));
    assert_eq!(found.directories, ["c/"]);
    let [entry] = &found.entries[..] else {
        panic!("{found:?}");
    };
    assert_eq!(entry.key, "b");
    assert!(entry.left_out.is_some());
}

/// S-6.14: a listing is whole, or it fails.
#[test]
fn what_is_no_whole_page_is_an_error() {
    assert_eq!(page("", "here"), Err(Fault::SameMarker));
    assert_eq!(page("<Blob><Properties/></Blob>", ""), Err(Fault::NoName));
    let endless = "<EnumerationResults><Blobs></Blobs></EnumerationResults>";
    assert_eq!(read(endless.as_bytes(), None), Err(Fault::NoMarker));
    let last = "<EnumerationResults><Blobs/><NextMarker/></EnumerationResults>";
    let last = read(last.as_bytes(), None).unwrap();
    assert_eq!(last.next, Next::End);
    for body in [
        "",
        "<html></html>",
        "<EnumerationResults><Blobs>",
        "{}",
        "<ListBucketResult/>",
    ] {
        assert_eq!(read(body.as_bytes(), None), Err(Fault::NoListing), "{body}");
    }
}
