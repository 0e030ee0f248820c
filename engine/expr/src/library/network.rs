//! IP addresses and networks.

use crate::eval::meter::{Outcome, error, no_overload};
use crate::functions::{Function, global, member};
use crate::value::Value;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address and how many of its leading bits are the network's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    pub address: IpAddr,
    pub bits: u8,
}

const TEST: &[&str] = &["IP -> bool"];

pub(crate) const FUNCTIONS: &[Function] = &[
    global("ip", &["string -> IP"], |meter, args| match args {
        [Value::String(text)] => {
            meter.text(text.len())?;
            address(text).map_or_else(error, |found| Ok(Value::Ip(found)))
        }
        _ => no_overload(),
    }),
    global("isIP", &["string -> bool"], |meter, args| match args {
        [Value::String(text)] => {
            meter.text(text.len())?;
            Ok(Value::Bool(address(text).is_ok()))
        }
        _ => no_overload(),
    }),
    global("ip.isCanonical", &["string -> bool"], |meter, args| match args {
        [Value::String(text)] => {
            meter.text(text.len())?;
            address(text).map_or_else(error, |found| Ok(Value::Bool(found.to_string() == text.as_ref())))
        }
        _ => no_overload(),
    }),
    member("family", &["IP -> int"], |_, args| match args {
        [Value::Ip(IpAddr::V4(_))] => Ok(Value::Int(4)),
        [Value::Ip(IpAddr::V6(_))] => Ok(Value::Int(6)),
        _ => no_overload(),
    }),
    member("isUnspecified", TEST, |_, args| test(args, |ip| ip.is_unspecified())),
    member("isLoopback", TEST, |_, args| test(args, |ip| ip.is_loopback())),
    member("isLinkLocalMulticast", TEST, |_, args| {
        test(args, |ip| match ip {
            IpAddr::V4(ip) => ip.octets()[..3] == [224, 0, 0],
            IpAddr::V6(ip) => ip.segments()[0] & 0xff0f == 0xff02,
        })
    }),
    member("isLinkLocalUnicast", TEST, |_, args| test(args, is_link_local)),
    member("isGlobalUnicast", TEST, |_, args| {
        test(args, |ip| {
            let broadcast = ip == IpAddr::V4(Ipv4Addr::BROADCAST);
            !broadcast
                && !ip.is_unspecified()
                && !ip.is_loopback()
                && !ip.is_multicast()
                && !is_link_local(ip)
        })
    }),
    global("cidr", &["string -> CIDR"], |meter, args| match args {
        [Value::String(text)] => {
            meter.text(text.len())?;
            network(text).map_or_else(error, |found| Ok(Value::Cidr(found)))
        }
        _ => no_overload(),
    }),
    global("isCIDR", &["string -> bool"], |meter, args| match args {
        [Value::String(text)] => {
            meter.text(text.len())?;
            Ok(Value::Bool(network(text).is_ok()))
        }
        _ => no_overload(),
    }),
    member("containsIP", &["CIDR string -> bool", "CIDR IP -> bool"], |_, args| match args {
        [Value::Cidr(cidr), Value::Ip(ip)] => Ok(Value::Bool(cidr.contains(*ip))),
        [Value::Cidr(cidr), Value::String(text)] => {
            address(text).map_or_else(error, |ip| Ok(Value::Bool(cidr.contains(ip))))
        }
        _ => no_overload(),
    }),
    member("containsCIDR", &["CIDR string -> bool", "CIDR CIDR -> bool"], |_, args| {
        let (outer, inner) = match args {
            [Value::Cidr(outer), Value::Cidr(inner)] => (outer, *inner),
            [Value::Cidr(outer), Value::String(text)] => match network(text) {
                Ok(inner) => (outer, inner),
                Err(why) => return error(why),
            },
            _ => return no_overload(),
        };
        Ok(Value::Bool(outer.bits <= inner.bits && outer.contains(inner.address)))
    }),
    member("ip", &["CIDR -> IP"], |_, args| match args {
        [Value::Cidr(cidr)] => Ok(Value::Ip(cidr.address)),
        _ => no_overload(),
    }),
    member("prefixLength", &["CIDR -> int"], |_, args| match args {
        [Value::Cidr(cidr)] => Ok(Value::Int(i64::from(cidr.bits))),
        _ => no_overload(),
    }),
    member("masked", &["CIDR -> CIDR"], |_, args| match args {
        [Value::Cidr(cidr)] => Ok(Value::Cidr(Cidr { address: masked(cidr.address, cidr.bits), ..*cidr })),
        _ => no_overload(),
    }),
];

fn test(args: &[Value], of: fn(IpAddr) -> bool) -> Outcome {
    match args {
        [Value::Ip(ip)] => Ok(Value::Bool(of(*ip))),
        _ => no_overload(),
    }
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.segments()[0] & 0xffc0 == 0xfe80,
    }
}

fn address(text: &str) -> Result<IpAddr, String> {
    if text.contains('%') && text.contains(':') {
        return Err(format!("IP address {text:?} with zone value is not allowed"));
    }
    let wrong = "unable to parse IP";
    let found: IpAddr = text.parse().map_err(|_| {
        format!("IP Address {text:?} parse error during conversion from string: ParseAddr({text:?}): {wrong}")
    })?;
    if is_mapped(found) {
        return Err(format!("IPv4-mapped IPv6 address {text:?} is not allowed"));
    }
    Ok(found)
}

fn is_mapped(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if ip.to_ipv4_mapped().is_some())
}

fn network(text: &str) -> Result<Cidr, String> {
    const PREFIX: &str = "network address parse error during conversion from string: ";
    let wrong = |why: String| format!("{PREFIX}{PREFIX}netip.ParsePrefix({text:?}): {why}");
    let (address, bits) = text.rsplit_once('/').ok_or_else(|| wrong("no '/'".into()))?;
    let parsed = address.parse();
    let address: IpAddr = parsed.map_err(|_| wrong(format!("ParseAddr({address:?}): unable to parse IP")))?;
    let digits = !bits.is_empty() && bits.bytes().all(|b| b.is_ascii_digit());
    if !digits || bits.len() > 1 && bits.starts_with('0') {
        return Err(wrong(format!("bad bits after slash: {bits:?}")));
    }
    let bits = bits.parse().ok().filter(|bits| *bits <= width(address));
    let bits: u8 = bits.ok_or_else(|| wrong("prefix length out of range".into()))?;
    if is_mapped(address) {
        return Err(format!("{PREFIX}IPv4-mapped IPv6 address {text:?} is not allowed"));
    }
    Ok(Cidr { address, bits })
}

fn width(ip: IpAddr) -> u8 {
    match ip {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn masked(ip: IpAddr, bits: u8) -> IpAddr {
    match ip {
        IpAddr::V4(ip) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from(u32::from(ip) & mask))
        }
        IpAddr::V6(ip) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from(u128::from(ip) & mask))
        }
    }
}

impl Cidr {
    fn contains(&self, ip: IpAddr) -> bool {
        self.address.is_ipv4() == ip.is_ipv4() && masked(ip, self.bits) == masked(self.address, self.bits)
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}
