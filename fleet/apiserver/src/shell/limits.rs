use std::time::Duration;

/// What one client, or all of them together, may ask of the process.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of a request's body; more is answered with 413.
    pub body: usize,
    /// Connections at a time; further ones wait to be accepted.
    pub connections: usize,
    /// Requests at a time on one HTTP/2 connection.
    pub streams: u32,
    /// Bytes of all headers of a request.
    pub headers: usize,
    pub handshake: Duration,
    /// From the first byte of a request, or the end of the one before, until its headers are there.
    pub header_read: Duration,
    /// Until the whole body is there; later is answered with 408.
    pub body_read: Duration,
    /// How long requests in flight may take to end when the process stops.
    pub drain: Duration,
    /// Requests that are handled at a time, those of administrators and of `system:` users not counted.
    pub requests: usize,
    /// Requests of one client that may wait for their turn; more are answered with 429.
    pub queue: usize,
    /// How long a request may wait for its turn; then it is answered with 429.
    pub queue_wait: Duration,
    /// Watches of one client at a time; more are answered with 429.
    pub watches: usize,
    /// Logical clusters, the root one included.
    pub clusters: usize,
    /// A watch without `timeoutSeconds` ends after this long, or up to twice as long.
    pub watch: Duration,
    pub bookmark: Duration,
    /// Events older than this, or up to twice as old, are forgotten: watches and pages that need them get 410.
    pub history: Duration,
    /// Events that a watch takes at a time.
    pub frames: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 3 << 20,
            connections: 4096,
            streams: 250,
            headers: 1 << 20,
            handshake: Duration::from_secs(10),
            header_read: Duration::from_secs(90),
            body_read: Duration::from_secs(60),
            drain: Duration::from_secs(10),
            requests: 600,
            queue: 200,
            queue_wait: Duration::from_secs(15),
            watches: 10_000,
            clusters: 20_000,
            watch: Duration::from_secs(30 * 60),
            bookmark: Duration::from_secs(60),
            history: Duration::from_secs(5 * 60),
            frames: 64,
        }
    }
}
