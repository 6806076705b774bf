//! Paths, methods and headers; and those who are slow, many or ill-mannered.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use thanos_bucket::serve::{Server, Settings};

use super::client::{Answer, Served, TOKEN, board, filled};

/// S-23.41
#[test]
fn each_path_has_its_methods_and_says_which() {
    let served = Served::new(&filled());
    for (method, path, expected, allow) in [
        ("GET", "/", 200, ""),
        ("GET", "/healthz", 200, ""),
        ("GET", "/readyz", 200, ""),
        ("GET", "/metrics", 200, ""),
        ("GET", "/metrics?name=x", 200, ""),
        ("POST", "/", 405, "get, head"),
        ("DELETE", "/metrics", 405, "get, head"),
        ("OPTIONS", "/healthz", 405, "get, head"),
        ("BREW", "/readyz", 405, "get, head"),
        ("GET", "/favicon.ico", 404, ""),
        ("GET", "/metrics/", 404, ""),
        ("GET", "/../metrics", 404, ""),
        ("GET", "/api/v1/status", 200, ""),
        ("POST", "/api/v1/status", 405, "get, head"),
        ("GET", "/api/v1/migrate", 405, "post"),
        ("PUT", "/api/v1/restore", 405, "post"),
        ("GET", "/api/v1/blocks/", 400, ""),
        ("GET", "/api/v1/blocks/01J9ZK3M7Q8T5V6W7X8Y9Z0A1/", 400, ""),
        ("GET", "/api/v1/blocks/01J9ZK3M7Q8T5V6W7X8Y9Z0A77", 404, ""),
        (
            "DELETE",
            "/api/v1/blocks/01J9ZK3M7Q8T5V6W7X8Y9Z0A01",
            405,
            "get, head",
        ),
        ("GET", "/api/v1/blocks/01J9ZK3M7Q8T5V6W7X8Y9Z0A01", 200, ""),
        ("GET", "/api/v2/status", 404, ""),
        ("GET", "/api/", 404, ""),
    ] {
        let answer = served.api(method, path, "");
        assert_eq!(answer.status, expected, "{method} {path}: {answer:?}");
        let line = format!("\r\nallow: {allow}");
        assert_eq!(answer.head.contains("\r\nallow: "), !allow.is_empty());
        assert!(
            allow.is_empty() || answer.head.contains(&line),
            "{answer:?}"
        );
        for header in [
            "cache-control: no-store",
            "x-content-type-options: nosniff",
            "content-security-policy: default-src 'none'",
        ] {
            assert!(answer.head.contains(header), "{path}: {answer:?}");
        }
        assert!(!answer.head.contains("access-control-"), "{answer:?}");
    }
}

/// S-23.41
#[test]
fn a_head_is_the_same_without_a_body() {
    let served = Served::new(&filled());
    for path in ["/", "/healthz", "/readyz", "/metrics", "/api/v1/status"] {
        let (whole, head) = (served.api("GET", path, ""), served.api("HEAD", path, ""));
        assert_eq!((head.status, head.body.as_str()), (200, ""));
        let length = format!("content-length: {}", whole.body.len());
        assert!(head.head.contains(&length), "{head:?}");
    }
}

/// S-23.43
#[test]
fn a_page_of_somebody_else_cannot_ask_in_our_name() {
    let served = Served::new(&filled());
    let port = served.address.port();
    for (host, path, expected) in [
        (format!("127.0.0.1:{port}"), "/", 200),
        (format!("localhost:{port}"), "/", 200),
        (format!("evil.example:{port}"), "/", 421),
        // What programs ask for by way of a proxy.
        ("proxy.example".to_owned(), "/metrics", 200),
        ("proxy.example".to_owned(), "/readyz", 200),
        ("proxy.example".to_owned(), "/api/v1/status", 401),
    ] {
        let answer = served.ask("GET", path, &[&format!("Host: {host}")], "");
        assert_eq!(answer.status, expected, "{host} {path}");
    }
}

/// S-23.40
#[test]
fn who_cannot_listen_says_where() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let settings = Settings {
        address: address.to_string().parse().unwrap(),
        token: None,
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let err = runtime.block_on(Server::bind(settings)).unwrap_err();
    let said = format!("{err:#}");
    assert!(
        said.starts_with(&format!("listen for HTTP at {address}: ")),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
}

/// S-23.42
#[test]
fn whoever_opens_many_connections_keeps_nobody_out() {
    let served = Served::new(&board());
    let mut slow: Vec<_> = (0..300).map(|_| served.connect()).collect();
    for stream in &mut slow {
        // Some are closed by now, to make room.
        let _ = stream.write_all(b"GET / HTTP/1.1\r\n");
    }
    let begun = Instant::now();
    assert_eq!(served.get("/healthz").status, 200);
    assert!(begun.elapsed() < Duration::from_secs(5));
    // The oldest of them had to go.
    let gone = slow.iter_mut().filter(|stream| {
        let soon = Some(Duration::from_millis(1));
        stream.set_read_timeout(soon).unwrap();
        !matches!((&**stream).read(&mut [0; 1]), Err(err) if err.kind() == std::io::ErrorKind::WouldBlock)
    });
    assert!(gone.count() >= 150);
}

/// S-23.42
#[test]
fn who_sends_too_much_or_nonsense_is_told_so() {
    let served = Served::new(&filled());
    let head = |line: &str| format!("{line}\r\nHost: localhost\r\nConnection: close\r\n");
    let long = "x".repeat(40_000);
    let body = format!("{{\"ids\":[\"{long}{long}\"]}}");
    let token = format!("Authorization: Bearer {TOKEN}\r\n");
    for (request, expected) in [
        (format!("{}X: {long}\r\n\r\n", head("GET / HTTP/1.1")), 431),
        ("nonsense\r\n\r\n".to_owned(), 400),
        (
            format!(
                "{}{token}Content-Length: {}\r\n\r\n{body}",
                head("POST /api/v1/migrate HTTP/1.1"),
                body.len()
            ),
            413,
        ),
        (
            format!(
                "{}{token}Transfer-Encoding: chunked\r\n\r\nZZ\r\n",
                head("POST /api/v1/migrate HTTP/1.1")
            ),
            400,
        ),
    ] {
        let answer = served.send(request.as_bytes());
        assert_eq!(answer.status, expected, "{answer:?}");
    }
    assert_eq!(served.get("/healthz").status, 200);
}

/// S-23.42
#[test]
fn a_request_in_hand_is_answered_before_the_end_and_none_after_it() {
    let mut served = Served::new(&filled());
    let mut waiting = served.connect();
    let body = "{\"ids\":[]}";
    let head = format!(
        "POST /api/v1/migrate HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    waiting.write_all(head.as_bytes()).unwrap();
    // The first request is in hand once another one was answered that came later.
    assert_eq!(served.get("/healthz").status, 200);
    let idle = served.connect();
    let rest = std::thread::spawn(move || {
        waiting.write_all(body.as_bytes()).unwrap();
        Answer::read(&mut waiting)
    });
    let begun = Instant::now();
    served.end();
    assert!(begun.elapsed() < Duration::from_secs(15));
    assert_eq!(rest.join().unwrap().status, 400);
    assert!(std::net::TcpStream::connect(served.address).is_err());
    drop(idle);
}
