//! Connections of a page: so many at once, and none that is held open for nothing.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep, sleep};

/// What connections may take. The time for a body is [`super::protect`]'s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// So many at once; others wait to be taken.
    pub connections: usize,
    /// From the connection, or from the last answer, to the end of a request's headers; who says nothing for so long is
    /// dropped.
    pub headers: Duration,
    /// So long may a browser read nothing of an answer.
    pub unread: Duration,
    /// Bytes of a request's headers, at least 8 KiB.
    pub headers_len: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 256,
            headers: Duration::from_secs(10),
            unread: Duration::from_secs(30),
            headers_len: 64 << 10,
        }
    }
}

/// Answers until it is dropped; all connections end with it.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits) -> Infallible {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < limits.connections => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(converse(stream, router.clone(), limits));
                }
                // One that is gone already.
                Err(error) if is_of_one(&error) => {}
                // Too many files are open, say: others will be closed.
                Err(_) => sleep(Duration::from_millis(100)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

fn is_of_one(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn converse(stream: TcpStream, router: Router, limits: Limits) {
    // Events are small and shall not wait for each other; without it they come all the same.
    let _ = stream.set_nodelay(true);
    let stream = Impatient { stream, limit: limits.unread, stuck: None };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.headers)
        .max_buf_size(limits.headers_len.max(8 << 10))
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // That a browser went away concerns nobody.
    let _ = connection.await;
}

/// A connection that fails when its peer reads nothing for too long.
struct Impatient {
    stream: TcpStream,
    limit: Duration,
    stuck: Option<Pin<Box<Sleep>>>,
}

impl AsyncRead for Impatient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Impatient {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if let Poll::Ready(written) = Pin::new(&mut self.stream).poll_write(cx, buf) {
            self.stuck = None;
            return Poll::Ready(written);
        }
        let until = Instant::now() + self.limit;
        let stuck = self.stuck.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        ready!(stuck.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const LIMITS: Limits = Limits {
        connections: 4,
        headers: Duration::from_millis(200),
        unread: Duration::from_millis(200),
        headers_len: 8 << 10,
    };

    /// A page that says hello, one that has no end, and one that says nothing behind its headers.
    async fn page() -> (Page, tokio::task::JoinHandle<Infallible>) {
        let endless = || async {
            let chunks = futures_util::stream::repeat_with(|| Ok::<_, Infallible>(vec![0_u8; 1 << 16]));
            axum::body::Body::from_stream(chunks)
        };
        let silent = || async {
            axum::body::Body::from_stream(futures_util::stream::pending::<Result<Vec<u8>, Infallible>>())
        };
        let router = Router::new()
            .route("/", get(|| async { "hello" }))
            .route("/endless", get(endless))
            .route("/silent", get(silent));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let page = Page(listener.local_addr().unwrap());
        (page, tokio::spawn(serve(listener, router, LIMITS)))
    }

    struct Page(std::net::SocketAddr);

    impl Page {
        async fn open(&self, says: &str) -> TcpStream {
            let mut stream = TcpStream::connect(self.0).await.unwrap();
            stream.write_all(says.as_bytes()).await.unwrap();
            stream
        }

        async fn four(&self, says: &str) -> Vec<TcpStream> {
            let mut all = Vec::new();
            for _ in 0..4 {
                all.push(self.open(says).await);
            }
            all
        }

        async fn is_answered(&self) {
            let request = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
            let answer = ends(self.open(request).await).await;
            assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("hello"), "{answer}");
        }
    }

    /// All that comes until the connection is closed, and it is.
    async fn ends(mut stream: TcpStream) -> String {
        let mut said = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut said)).await;
        // It may also be reset.
        let _ = read.expect("it is still open");
        String::from_utf8_lossy(&said).into_owned()
    }

    #[tokio::test]
    async fn who_says_nothing_is_dropped() {
        let (page, serving) = page().await;
        let request = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";
        for says in ["", "GET / HT", "GET / HTTP/1.1\r\nhost: x\r\n", request] {
            let silent = page.four(says).await;
            page.is_answered().await;
            for stream in silent {
                assert_eq!(ends(stream).await.matches("hello").count(), usize::from(says == request));
            }
        }
        serving.abort();
    }

    #[tokio::test]
    async fn who_does_not_read_is_dropped() {
        let (page, serving) = page().await;
        let deaf = page.four("GET /endless HTTP/1.1\r\nhost: x\r\n\r\n").await;
        page.is_answered().await;
        drop(deaf);
        serving.abort();
    }

    #[tokio::test]
    async fn headers_have_a_bound() {
        let (page, serving) = page().await;
        let long = format!("GET / HTTP/1.1\r\nhost: x\r\nlong: {}\r\n\r\n", "x".repeat(LIMITS.headers_len));
        assert!(ends(page.open(&long).await).await.starts_with("HTTP/1.1 431 "));
        serving.abort();
    }

    #[tokio::test]
    async fn connections_end_with_it() {
        let (page, serving) = page().await;
        let mut stream = page.open("GET /silent HTTP/1.1\r\nhost: x\r\n\r\n").await;
        let mut first = [0];
        stream.read_exact(&mut first).await.unwrap();
        page.is_answered().await;
        serving.abort();
        assert!(ends(stream).await.contains(" 200 OK"));
    }
}
