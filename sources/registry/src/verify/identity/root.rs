//! Who is believed: sigstore's trust root (`TrustedRoot` of sigstore/protobuf-specs, as JSON), which names authorities for
//! certificates, logs of certificates and logs of signatures, each with the time that it counts for.

use super::merkle::Hash;
use crate::digest::Digest;
use crate::verify::public::Public;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// The public instance's as of September 2025: `targets/trusted_root.json` of sigstore/root-signing (Apache-2.0).
const PUBLIC: &str = include_str!("../../../data/trusted_root.json");
const MOST_BYTES: usize = 1 << 20;
const MOST_ENTRIES: usize = 64;
const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.trustedroot";

/// Certificate authorities and logs that are believed.
pub struct Root {
    pub(crate) authorities: Vec<Authority>,
    /// Of certificates, by what their promises call them.
    pub(crate) certificates: BTreeMap<Hash, Log>,
    /// Of signatures.
    pub(crate) signatures: BTreeMap<Hash, Log>,
    /// Of timestamps; the first certificate of each is its own.
    pub(crate) timestamps: Vec<Authority>,
    /// Of the text.
    pub(crate) digest: Digest,
}

pub struct Authority {
    /// DER, each signed by the next; the last is what is believed.
    pub chain: Vec<Vec<u8>>,
    pub window: Window,
}

pub struct Log {
    /// Nothing where its kind is not supported.
    pub key: Option<Public>,
    pub window: Window,
    /// Where it is reached, which is how newer ones call themselves in what they sign.
    pub host: Option<String>,
}

/// Both ends are in it; milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub start: i64,
    pub end: i64,
}

impl Window {
    pub fn holds(&self, at: i64) -> bool {
        (self.start..=self.end).contains(&at)
    }
}

impl Root {
    /// The one that Mainstay brings along.
    pub(crate) fn public() -> Result<Arc<Root>, String> {
        static READ: OnceLock<Result<Arc<Root>, String>> = OnceLock::new();
        READ.get_or_init(|| Root::read(PUBLIC).map(Arc::new)).clone()
    }

    /// A `trusted_root.json`. Errors say what it is or has that it may not (`is larger than 1 MiB`) and quote nothing: the
    /// text may come from a Secret.
    pub fn read(text: &str) -> Result<Self, String> {
        if text.len() > MOST_BYTES {
            return Err("is larger than 1 MiB".to_owned());
        }
        let read: Trusted = serde_json::from_str(text).map_err(|error| {
            format!("is no trust root of sigstore's (line {}, column {})", error.line(), error.column())
        })?;
        if !read.media_type.starts_with(MEDIA_TYPE) {
            return Err("is no trust root of sigstore's: its mediaType is another".to_owned());
        }
        let authorities = [&read.certificate_authorities, &read.timestamp_authorities].map(Vec::len);
        let counts = [read.tlogs.len(), read.ctlogs.len(), authorities[0], authorities[1]];
        if counts.into_iter().any(|count| count > MOST_ENTRIES) {
            return Err(format!("names more than {MOST_ENTRIES} logs or authorities"));
        }
        let authorities = read.certificate_authorities.into_iter().map(authority);
        let timestamps = read.timestamp_authorities.into_iter().map(authority);
        Ok(Self {
            authorities: authorities.collect::<Result<_, _>>()?,
            certificates: logs(read.ctlogs, "ctlogs")?,
            signatures: logs(read.tlogs, "tlogs")?,
            timestamps: timestamps.collect::<Result<_, _>>()?,
            digest: Digest::of(text.as_bytes()),
        })
    }
}

impl std::fmt::Debug for Root {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a trust root with the digest {}", self.digest.text())
    }
}

fn authority(given: GivenAuthority) -> Result<Authority, String> {
    let chain: Vec<Vec<u8>> = given.cert_chain.certificates.into_iter().map(|one| one.raw_bytes.0).collect();
    if chain.is_empty() || chain.len() > 8 {
        return Err("has a certificate authority of no certificate, or of more than 8".to_owned());
    }
    let window = match given.valid_for {
        None => Window { start: i64::MIN, end: i64::MAX },
        Some(period) => window(period.start.as_deref().unwrap_or(EVER), period.end.as_deref())?,
    };
    Ok(Authority { chain, window })
}

fn logs(given: Vec<GivenLog>, field: &str) -> Result<BTreeMap<Hash, Log>, String> {
    let mut found = BTreeMap::new();
    for log in given {
        if log.hash_algorithm != "SHA2_256" {
            return Err(format!("has {field} with another hash than SHA2_256"));
        }
        // A log that counts from the beginning of time is one that nobody has thought about.
        let period = log.public_key.valid_for.unwrap_or_default();
        let start = period.start.ok_or_else(|| format!("has {field} whose key says no validFor.start"))?;
        let window = window(&start, period.end.as_deref())?;
        let raw = &log.public_key.raw_bytes.0;
        let key = match log.public_key.key_details.as_str() {
            "PKCS1_RSA_PKCS1V5" => Public::rsa(raw),
            _ => Public::read(raw).ok(),
        };
        let id = Hash::try_from(log.log_id.key_id.0.as_slice());
        let id = id.map_err(|_| format!("has {field} whose logId is no SHA-256"))?;
        let host = url::Url::parse(&log.base_url).ok().and_then(|url| url.host_str().map(str::to_owned));
        if found.insert(id, Log { key, window, host }).is_some() {
            return Err(format!("has {field} with the same logId"));
        }
    }
    Ok(found)
}

const EVER: &str = "0001-01-01T00:00:00Z";

fn window(start: &str, end: Option<&str>) -> Result<Window, String> {
    let at = |text: &str| {
        let time: Result<jiff::Timestamp, _> = text.parse();
        time.map(jiff::Timestamp::as_millisecond)
            .map_err(|_| "has a time that is none of RFC 3339".to_owned())
    };
    Ok(Window { start: at(start)?, end: end.map_or(Ok(i64::MAX), at)? })
}

/// Standard Base64 in JSON, as protobuf writes bytes; with line breaks, which Go passes over.
#[derive(Default)]
pub struct Bytes(pub Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut text = String::deserialize(from)?;
        text.retain(|c| !matches!(c, '\n' | '\r'));
        STANDARD.decode(text).map(Self).map_err(|_| serde::de::Error::custom("it is no Base64"))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Trusted {
    media_type: String,
    #[serde(default)]
    tlogs: Vec<GivenLog>,
    #[serde(default)]
    ctlogs: Vec<GivenLog>,
    #[serde(default)]
    certificate_authorities: Vec<GivenAuthority>,
    #[serde(default)]
    timestamp_authorities: Vec<GivenAuthority>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GivenLog {
    #[serde(default)]
    base_url: String,
    hash_algorithm: String,
    public_key: GivenKey,
    log_id: LogId,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogId {
    pub key_id: Bytes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GivenKey {
    raw_bytes: Bytes,
    #[serde(default)]
    key_details: String,
    valid_for: Option<Period>,
}

#[derive(Deserialize, Default)]
struct Period {
    start: Option<String>,
    end: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GivenAuthority {
    cert_chain: Chain,
    valid_for: Option<Period>,
}

#[derive(Deserialize)]
pub struct Chain {
    #[serde(default)]
    pub certificates: Vec<Certificate>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Certificate {
    pub raw_bytes: Bytes,
}
