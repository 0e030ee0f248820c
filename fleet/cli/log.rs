//! Which log lines are written to standard error, and how.

use tracing_subscriber::filter::{LevelFilter, ParseError, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

pub(crate) fn to_stderr(format: Format, asked: &str) {
    let filter = filter(asked).unwrap_or_else(|error| {
        anstream::eprintln!("warning: --log {asked:?} is not a filter ({error}); using info");
        Targets::new().with_target("kube_client", LevelFilter::OFF).with_default(LevelFilter::INFO)
    });
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match format {
        Format::Json => lines.json().boxed(),
        Format::Text => {
            let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
            lines.with_target(false).with_ansi(colours).compact().boxed()
        }
    };
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();
}

/// `LEVEL` or `TARGET=LEVEL`, with commas between them; nothing at all is the default.
fn filter(log: &str) -> Result<Targets, String> {
    if log.contains(['[', ']', '{', '}']) {
        return Err(
            "it takes levels and targets, as in info,mainstay_runtime=debug; spans and fields it does not"
                .into(),
        );
    }
    // An empty part would be a level of its own, and silence the others.
    let mut parts: Vec<&str> = log.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        parts.push("info");
    }
    // What the client says of a failed request, whoever made the request says better. What comes later wins.
    parts.insert(0, "kube_client=off");
    parts.join(",").parse().map_err(|error: ParseError| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn the_client_is_quiet_unless_it_is_named() {
        let would = |log: &str| filter(log).unwrap().would_enable("kube_client::client", &Level::WARN);
        assert!(!would("debug"));
        assert!(would("info,kube_client=warn"));
    }

    #[test]
    fn an_empty_part_silences_nothing() {
        for log in ["", ",", "info,", " info , mainstay=debug,,"] {
            let targets = filter(log).unwrap();
            assert!(targets.would_enable("mainstay_runtime", &Level::INFO), "{log:?}");
            assert!(!targets.would_enable("hyper", &Level::DEBUG), "{log:?}");
        }
    }

    #[test]
    fn what_would_be_passed_over_is_refused() {
        for log in ["mainstay[fetch]=debug", "[{unit=a}]=trace", "a=b=c", "mainstay=loud"] {
            assert!(filter(log).is_err(), "{log}");
        }
    }
}
