//! The names of a leaf, dimension by dimension. Each is put together once, from codes of a roll-up's dictionary.

use std::net::Ipv6Addr;
use std::sync::Arc;

use super::{FROM, Map, Numbered};
use crate::decode::Dictionary;
use crate::join::{EPHEMERAL_PORT_MIN, OTHER_PORT, UNKNOWN_PLACES};
use crate::schema::{ABSENT_ADDRESS, ABSENT_SMALL};

/// Represents unknown values.
const UNKNOWN: &str = "-";

/// What a name is made of: codes of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Made {
    /// A text as it is.
    Plain(u32),
    /// An end of the estate: its service, its network or VPC, its interface; and whether traffic comes from it.
    Own([u32; 3], bool),
    /// An external end: its address if that is kept, its autonomous system, what it is; and whether traffic comes from it.
    External(u128, [u32; 2], bool),
    /// From where to where.
    Pair(Sides),
    Port(u32),
    /// The path, and what it goes through.
    Path(u32, u32),
}

/// The regions, or else the places, of both ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sides {
    pub(super) regions: [u32; 2],
    pub(super) places: [u32; 2],
}

/// All names.
#[derive(Debug, Default)]
pub(super) struct Names {
    made: Map<Made, u32>,
    names: Numbered<Arc<str>>,
}

impl Names {
    /// The code of a name. The dictionary is the same every time.
    pub(super) fn code(&mut self, made: Made, dictionary: &Dictionary) -> u32 {
        if let Some(code) = self.made.get(&made) {
            return *code;
        }
        let code = self.names.number(name(made, dictionary).into());
        self.made.insert(made, code);
        code
    }

    /// The code of a text that is a name already.
    pub(super) fn code_of_text(&mut self, text: Arc<str>) -> u32 {
        self.names.number(text)
    }

    /// The names by their codes.
    pub(super) fn in_order(self) -> Vec<Arc<str>> {
        self.names.in_order()
    }
}

fn name(made: Made, dictionary: &Dictionary) -> String {
    let text = |code: u32| (code != Dictionary::ABSENT).then(|| dictionary.display(code).into_owned());
    let or_unknown = |name: Option<String>| name.unwrap_or_else(|| UNKNOWN.to_owned());
    let from = |name: String, comes: bool| if comes { format!("{FROM}{name}") } else { name };
    match made {
        Made::Plain(code) => or_unknown(text(code)),
        Made::Own([service, place, interface], comes) => {
            let service = text(service).filter(|name| !name.starts_with('('));
            // A VPC is too coarse as a destination; the interface is more specific.
            let place = text(place).filter(|place| !place.starts_with("vpc-") && place != "own");
            from(or_unknown(service.or(place).or_else(|| text(interface))), comes)
        }
        Made::External(address, [network, place], comes) => {
            let place = text(place);
            // What has a name needs no address: an AWS service has many.
            let is_unnamed = place.as_deref().is_some_and(|place| UNKNOWN_PLACES.contains(&place));
            let address =
                (is_unnamed && address != ABSENT_ADDRESS).then(|| Ipv6Addr::from(address).to_canonical().to_string());
            from(or_unknown(address.or_else(|| text(network)).or(place)), comes)
        }
        Made::Pair(Sides { regions, places }) => {
            let end = |side: usize| or_unknown(text(regions[side]).or_else(|| text(places[side])));
            format!("{} > {}", end(0), end(1))
        }
        Made::Port(0) => "none".to_owned(),
        Made::Port(ABSENT_SMALL) => UNKNOWN.to_owned(),
        Made::Port(OTHER_PORT) => "other".to_owned(),
        Made::Port(EPHEMERAL_PORT_MIN..) => format!("{EPHEMERAL_PORT_MIN}-65535"),
        Made::Port(port) => port.to_string(),
        Made::Path(path, via) => match (text(path), text(via)) {
            (Some(path), Some(via)) => format!("{path} via {via}"),
            (path, _) => or_unknown(path),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_have_the_name_that_shows_most() {
        let mut dictionary = Dictionary::default();
        let [shop, none, backup, vpc, eni, internet, s3, provider] =
            ["shop", "(unallocated)", "backup", "vpc-1", "eni-1", "internet", "s3", "AS64500"]
                .map(|text| dictionary.code(text.as_bytes()));
        let address = 0xffff_0909_0909;
        for (made, expected) in [
            (Made::Own([shop, backup, eni], false), "shop"),
            (Made::Own([none, backup, eni], true), "from backup"),
            (Made::Own([none, vpc, eni], false), "eni-1"),
            (Made::Own([0, vpc, 0], false), "-"),
            (Made::External(address, [provider, internet], true), "from 9.9.9.9"),
            (Made::External(ABSENT_ADDRESS, [provider, internet], false), "AS64500"),
            (Made::External(ABSENT_ADDRESS, [0, internet], false), "internet"),
            (Made::External(address, [0, s3], false), "s3"),
            (Made::Pair(Sides { regions: [0, 0], places: [backup, internet] }), "backup > internet"),
            (Made::Port(443), "443"),
            (Made::Port(EPHEMERAL_PORT_MIN), "32768-65535"),
            (Made::Port(OTHER_PORT), "other"),
            (Made::Path(internet, 0), "internet"),
        ] {
            assert_eq!(name(made, &dictionary), expected, "{made:?}");
        }
    }
}
