//! Zone ids → regions: `use1-az1` is in us-east-1.
//!
//! A zone id begins with its region's name cut short: the area whole, the words by their first letters (`ne` for
//! northeast), the number. AWS's documentation lists the ids of each region that way, GovCloud and China too; the cut is
//! undone by rule and not by a list, so that a region which opens tomorrow is known. A billing prefix is another thing:
//! `aps1` is ap-south-1 here, and `APS1` is ap-southeast-1 on a bill.

/// The words of regions' names, and what stands for them.
const WORDS: [(&str, &str); 9] = [
    ("c", "central"),
    ("e", "east"),
    ("n", "north"),
    ("ne", "northeast"),
    ("nw", "northwest"),
    ("s", "south"),
    ("se", "southeast"),
    ("sw", "southwest"),
    ("w", "west"),
];
/// Letters of the area: `us`, `eu`.
const AREA_LETTERS: usize = 2;
/// The partition within the area that zone ids name.
const GOVERNMENT: (&str, &str) = ("g", "gov-");

/// The region of a zone id; of local zones and Wavelength zones (`usw2-lax1-az1`) the one they belong to. Nothing for
/// what is no zone id, such as a zone's name.
#[must_use]
pub fn region_of_zone(zone: &str) -> Option<String> {
    let (short, rest) = zone.split_once('-')?;
    let (letters, number) = short.split_at_checked(short.find(|letter: char| letter.is_ascii_digit())?)?;
    let (area, word) = letters.split_at_checked(AREA_LETTERS)?;
    let is_plain = letters.bytes().all(|letter| letter.is_ascii_lowercase());
    let is_number = number.bytes().all(|digit| digit.is_ascii_digit());
    let (partition, word) = match word.strip_prefix(GOVERNMENT.0) {
        Some(word) => (GOVERNMENT.1, word),
        None => ("", word),
    };
    let (_, word) = WORDS.iter().find(|(short, _)| *short == word)?;
    (is_plain && is_number && !rest.is_empty()).then(|| format!("{area}-{partition}{word}-{number}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_zones_of_every_region_are_known() {
        let pairs = "afs1 af-south-1, ape1 ap-east-1, ape2 ap-east-2, apne1 ap-northeast-1, apne2 ap-northeast-2, \
                     apne3 ap-northeast-3, aps1 ap-south-1, aps2 ap-south-2, apse1 ap-southeast-1, \
                     apse2 ap-southeast-2, apse3 ap-southeast-3, apse4 ap-southeast-4, apse5 ap-southeast-5, \
                     apse6 ap-southeast-6, apse7 ap-southeast-7, cac1 ca-central-1, caw1 ca-west-1, cnn1 cn-north-1, \
                     cnnw1 cn-northwest-1, euc1 eu-central-1, euc2 eu-central-2, eun1 eu-north-1, eus1 eu-south-1, \
                     eus2 eu-south-2, euw1 eu-west-1, euw2 eu-west-2, euw3 eu-west-3, ilc1 il-central-1, \
                     mec1 me-central-1, mes1 me-south-1, mxc1 mx-central-1, sae1 sa-east-1, use1 us-east-1, \
                     use2 us-east-2, usge1 us-gov-east-1, usgw1 us-gov-west-1, usw1 us-west-1, usw2 us-west-2";
        for pair in pairs.split(", ") {
            let (short, region) = pair.split_once(' ').unwrap();
            assert_eq!(region_of_zone(&format!("{short}-az1")).as_deref(), Some(region));
        }
    }

    #[test]
    fn local_and_wavelength_zones_belong_to_their_region() {
        assert_eq!(region_of_zone("usw2-lax1-az1").as_deref(), Some("us-west-2"));
        assert_eq!(region_of_zone("use1-wl1-bos-wlz1").as_deref(), Some("us-east-1"));
    }

    #[test]
    fn what_is_no_zone_id_has_no_region() {
        for text in [
            "",
            "-",
            "us-east-1a",
            "us-east-1",
            "use1",
            "use1-",
            "use-az1",
            "USE1-az1",
            "usx1-az1",
            "use1a-az1",
            "é1-az1",
        ] {
            assert_eq!(region_of_zone(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,12}") {
            drop(region_of_zone(&text));
        }
    }
}
