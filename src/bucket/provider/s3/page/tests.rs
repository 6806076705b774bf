#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up should panic"
)]

use super::*;
use crate::block::LeftOut;
use crate::bucket::pages::ODD_NAME;

fn page(middle: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{middle}</ListBucketResult>"
    )
}

fn two(middle: &str) -> Result<Page, Fault> {
    read(
        page(middle).as_bytes(),
        (ListVersion::Two, Tokens::Plain),
        None,
        Archives::Amazons,
    )
}

fn object(key: &str) -> String {
    format!("<Contents><Key>{key}</Key><Size>5</Size></Contents>")
}

/// The only entry of a page.
fn only(middle: &str) -> Entry {
    let mut entries = two(middle).unwrap().entries;
    assert_eq!(entries.len(), 1);
    entries.remove(0)
}

const END: &str = "<IsTruncated>false</IsTruncated>";
const MORE: &str = "<IsTruncated>true</IsTruncated>";

/// S-4.9
#[test]
fn an_object_is_read_in_every_dialect() {
    let whole = Entry {
        key: "a/b".to_owned(),
        size_bytes: Some(5),
        modified: date::time("2015-10-21T07:28:00.123Z"),
        etag: Some("\"x-1\"".to_owned()),
        ..Entry::default()
    };
    for contents in [
        "<Contents><Key>a/b</Key><LastModified>2015-10-21T07:28:00.123Z</LastModified><ETag>&quot;x-1&quot;</ETag><Size>5</Size></Contents>",
        "<Contents><Size> 5\n</Size><ETag>x-1</ETag><Key>a&#47;b</Key><LastModified>\n2015-10-21T07:28:00.123Z </LastModified></Contents>",
        "<Contents a=\"1\"><Owner><ID>a</ID><Key>no</Key></Owner><Key><![CDATA[a/b]]></Key><Size>5</Size><ETag>\"x-1\"</ETag><LastModified>2015-10-21T09:28:00.123+02:00</LastModified><StorageClass/></Contents>",
        "<s3:Contents xmlns:s3=\"x\"><s3:Key>a/b</s3:Key><s3:LastModified>2015-10-21T07:28:00.123Z</s3:LastModified><s3:ETag>x-1</s3:ETag><s3:Size>5</s3:Size></s3:Contents>",
    ] {
        assert_eq!(only(&format!("{END}{contents}")), whole, "{contents}");
    }
    let bare = only(
        "<Contents><Key>a</Key><Size>5</Size><LastModified>soon</LastModified><ETag/></Contents>",
    );
    assert_eq!(
        (bare.modified, bare.etag, bare.left_out),
        (None, None, None)
    );
}

/// S-4.9
#[test]
fn names_are_unescaped_where_the_page_says_that_they_are_escaped() {
    let escaped = "<EncodingType>url</EncodingType>";
    for (encoding, key, expected) in [
        ("", "a%2Fb+c", "a%2Fb+c"),
        (escaped, "a%2Fb+c%2B%25", "a/b c+%"),
        (escaped, "%E6%BC%A2%0a", "漢\n"),
        ("<EncodingType> URL </EncodingType>", "%7e", "~"),
        ("<EncodingType/>", "%7e", "%7e"),
    ] {
        // Wherever it stands.
        for middle in [
            format!("{encoding}{}", object(key)),
            format!("{}{encoding}", object(key)),
        ] {
            assert_eq!(only(&middle).key, expected);
        }
    }
    let directories = format!("{escaped}<CommonPrefixes><Prefix>a%20b/</Prefix></CommonPrefixes>");
    assert_eq!(two(&directories).unwrap().directories, ["a b/"]);
    for key in ["100%", "%zz", "%f"] {
        let fault = two(&format!("{escaped}{}", object(key)));
        assert_eq!(fault, Err(Fault::BadEscape), "{key}");
    }
}

/// S-1.1
#[test]
fn an_odd_name_is_shown_and_left_out() {
    let escaped = |key: &str| only(&format!("<EncodingType>url</EncodingType>{}", object(key)));
    for key in [
        "/a", "a//b", "a/./b", "a/../b", "..", ".", "a/", "/", "", "a%0Ab", "%00", "a%7F", "%FF",
    ] {
        let odd = LeftOut::Odd(ODD_NAME.into());
        assert_eq!(escaped(key).left_out, Some(odd), "{key}");
    }
    assert!(only(&object("a\u{fffd}")).left_out.is_some());
    assert!(only(&object("a&#x1;")).left_out.is_some());
    let long = "a".repeat(5000);
    for key in ["a", "a/b", "...", "a%25", "%EF%BF%BD", "%C2%85", " ", &long] {
        assert_eq!(escaped(key).left_out, None, "{key}");
    }
    for (key, size, left_out) in [
        ("a/", "0", false),
        ("a/", "", false),
        ("a//", "0", true),
        ("/", "0", true),
        ("a", "", true),
        ("a", "-1", true),
        ("a", "0", false),
    ] {
        let entry = only(&format!(
            "<Contents><Key>{key}</Key><Size>{size}</Size></Contents>"
        ));
        assert_eq!(entry.left_out.is_some(), left_out, "{key} {size}");
    }
    assert_eq!(
        two("<Contents><Size>5</Size></Contents>"),
        Err(Fault::NoName)
    );
}

/// S-4.9
#[test]
#[expect(clippy::too_many_lines, reason = "a table is long")]
fn a_listing_goes_on_until_it_is_known_to_end() {
    let token = "<NextContinuationToken>t</NextContinuationToken>";
    let no_token = "<NextContinuationToken></NextContinuationToken>";
    let (b, d) = (
        object("b"),
        "<CommonPrefixes><Prefix>d/</Prefix></CommonPrefixes>",
    );
    let marker = "<NextMarker>m</NextMarker>";
    let escaped = "<EncodingType>url</EncodingType><NextMarker>m%2B</NextMarker>";
    let count = "<KeyCount>1</KeyCount>";
    let after = |name: &str| Ok(Next::After(name.to_owned()));
    let with_token = || Ok(Next::Token("t".to_owned()));
    for (version, middle, expected) in [
        (ListVersion::Two, END.to_owned(), Ok(Next::End)),
        (ListVersion::Two, format!("{END}{token}{b}"), Ok(Next::End)),
        (ListVersion::Two, format!("{MORE}{token}"), with_token()),
        (ListVersion::Two, format!("{token}{b}"), with_token()),
        (
            ListVersion::Two,
            format!("<IsTruncated> 1 </IsTruncated>{token}"),
            with_token(),
        ),
        // It does not say whether there is more.
        (ListVersion::Two, b.clone(), after("b")),
        (
            ListVersion::Two,
            format!("<IsTruncated>maybe</IsTruncated>{b}{d}"),
            after("d/"),
        ),
        (ListVersion::Two, String::new(), Ok(Next::End)),
        (ListVersion::One, b.clone(), after("b")),
        // There is more, and it does not say how to get it.
        (ListVersion::Two, MORE.to_owned(), Err(Fault::NoToken)),
        (
            ListVersion::Two,
            format!("{MORE}{no_token}{count}{b}"),
            Err(Fault::NoToken),
        ),
        (
            ListVersion::Two,
            format!("{MORE}{marker}{b}"),
            Err(Fault::KnowsOne),
        ),
        (ListVersion::One, MORE.to_owned(), Err(Fault::NoToken)),
        (ListVersion::One, format!("{MORE}{b}"), after("b")),
        (ListVersion::One, format!("{MORE}{d}{b}"), after("d/")),
        (ListVersion::One, format!("{MORE}{marker}{b}"), after("m")),
        (ListVersion::One, format!("{MORE}{escaped}{b}"), after("m+")),
        (
            ListVersion::One,
            format!("{MORE}<NextMarker/>{b}"),
            after("b"),
        ),
        (ListVersion::One, format!("{END}{marker}{b}"), Ok(Next::End)),
        // As full as it may be: some servers say that it is the last one too soon.
        (
            ListVersion::Two,
            format!("<MaxKeys>2</MaxKeys>{END}{b}{d}"),
            Ok(Next::Perhaps("d/".to_owned())),
        ),
        (
            ListVersion::One,
            format!("<MaxKeys>1</MaxKeys>{END}{b}"),
            Ok(Next::Perhaps("b".to_owned())),
        ),
        (
            ListVersion::Two,
            format!("<MaxKeys>3</MaxKeys>{END}{b}{d}"),
            Ok(Next::End),
        ),
        // It is the one that was asked for, again.
        (
            ListVersion::Two,
            format!("<MaxKeys>1</MaxKeys>{END}{}", object("s")),
            Ok(Next::End),
        ),
        (
            ListVersion::Two,
            format!("{END}{}", object("x").repeat(1000)),
            Ok(Next::Perhaps("x".to_owned())),
        ),
    ] {
        let next = read(
            page(&middle).as_bytes(),
            (version, Tokens::Plain),
            Some("s"),
            Archives::Amazons,
        )
        .map(|page| page.next);
        assert_eq!(next, expected, "{middle}");
    }
    let itself = page(&format!("{MORE}{token}"));
    assert_eq!(
        read(
            itself.as_bytes(),
            (ListVersion::Two, Tokens::Plain),
            Some("t"),
            Archives::Amazons
        ),
        Err(Fault::SameToken)
    );
    let itself = page(&format!("{MORE}{b}"));
    assert_eq!(
        read(
            itself.as_bytes(),
            (ListVersion::One, Tokens::Plain),
            Some("b"),
            Archives::Amazons
        ),
        Err(Fault::SameToken)
    );
}

/// S-4.9
#[test]
fn what_is_no_page_or_only_a_part_of_one_is_an_error() {
    let whole = page(&format!("{END}{}", object("a")));
    assert!(
        read(
            whole.as_bytes(),
            (ListVersion::Two, Tokens::Plain),
            None,
            Archives::Amazons
        )
        .is_ok()
    );
    for cut in 0..whole.len() {
        let cut = read(
            &whole.as_bytes()[..cut],
            (ListVersion::Two, Tokens::Plain),
            None,
            Archives::Amazons,
        );
        assert_eq!(cut, Err(Fault::NoListing));
    }
    for body in [
        "<html>Please log in</html>",
        "<Error><Code>InternalError</Code></Error>",
        "<ListBucketResult><Contents></ListBucketResult>",
        "<ListBucketResult><Contents></Content></ListBucketResult>",
        "{}",
    ] {
        let read = read(
            body.as_bytes(),
            (ListVersion::Two, Tokens::Plain),
            None,
            Archives::Amazons,
        );
        assert_eq!(read, Err(Fault::NoListing), "{body}");
    }
}

/// S-4.12
#[test]
fn what_is_archived_cannot_be_read_unless_it_is_restored() {
    let restored = "<RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress><RestoreExpiryDate>2030-01-01T00:00:00Z</RestoreExpiryDate></RestoreStatus>";
    let under_way =
        "<RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus>";
    let glacier = "<StorageClass>GLACIER</StorageClass>";
    let objects = [
        ("", false),
        ("<StorageClass>STANDARD_IA</StorageClass>", false),
        ("<StorageClass>GLACIER_IR</StorageClass>", false),
        (glacier, true),
        (&format!("{glacier}{under_way}"), true),
        (&format!("{glacier}{restored}"), false),
        (&format!("{restored}{glacier}"), false),
        ("<StorageClass>DEEP_ARCHIVE</StorageClass>", true),
    ];
    let all = objects
        .map(|(rest, _)| format!("<Contents><Key>a</Key><Size>1</Size>{rest}</Contents>"))
        .concat();
    let read = read(
        page(&format!("{END}{all}")).as_bytes(),
        (ListVersion::Two, Tokens::Plain),
        None,
        Archives::Amazons,
    )
    .unwrap();
    let found: Vec<bool> = read.entries.iter().map(|entry| entry.archived).collect();
    let expected = objects.map(|(_, archived)| archived);
    assert_eq!(found, expected);
    // Elsewhere such a name may be that of any place.
    let document = page(&format!("{END}{all}"));
    let elsewhere = super::read(
        document.as_bytes(),
        (ListVersion::Two, Tokens::Plain),
        None,
        Archives::Unknown,
    );
    let entries = elsewhere.unwrap().entries;
    assert!(entries.iter().all(|entry| !entry.archived));
}

/// S-3.56: where a service says that its tokens are escaped too, and only there.
#[test]
fn a_token_is_what_the_server_will_take() {
    const ESCAPED: &str = "<EncodingType>url</EncodingType>";
    for (tokens, encoding, token, expected) in [
        (Tokens::Escaped, ESCAPED, "a%2Fb%2B%3D%3d", "a/b+=="),
        (Tokens::Escaped, ESCAPED, "CgJ0dRAA--", "CgJ0dRAA--"),
        // A plus is none of a form's, and what is no escape is the token's own.
        (Tokens::Escaped, ESCAPED, "a+b%2F", "a+b/"),
        (Tokens::Escaped, ESCAPED, "100%", "100%"),
        (Tokens::Escaped, ESCAPED, "%FF", "%FF"),
        (Tokens::Escaped, "", "a%3D", "a%3D"),
        (Tokens::Plain, ESCAPED, "a%3D", "a%3D"),
    ] {
        let body = page(&format!(
            "{encoding}{MORE}<NextContinuationToken>{token}</NextContinuationToken>{}",
            object("x")
        ));
        let asked = |with| {
            let version = (ListVersion::Two, tokens);
            read(body.as_bytes(), version, with, Archives::Amazons).map(|page| page.next)
        };
        assert_eq!(asked(None), Ok(Next::Token(expected.to_owned())), "{token}");
        assert_eq!(asked(Some(expected)), Err(Fault::SameToken), "{token}");
    }
}
