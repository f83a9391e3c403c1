//! Topic Filters and matching, against a matcher that takes topics apart level by level.

use proptest::prelude::*;

use mqtt_codec::{TopicFilter, TopicName};

use crate::arbitrary::{cases, topic_filter, topic_name};
use crate::common::naive;

/// All texts of one to `len` of these characters.
fn texts(alphabet: &str, len: usize) -> Vec<String> {
    let mut all = vec![];
    let mut last = vec![String::new()];
    for _ in 0..len {
        last = last.iter().flat_map(|text| alphabet.chars().map(move |c| format!("{text}{c}"))).collect();
        all.extend_from_slice(&last);
    }
    all
}

#[test]
fn all_short_filters_match_as_level_by_level() {
    let names = texts("ab/$", 5);
    let names: Vec<_> = names.iter().map(|name| TopicName::new(name).unwrap()).collect();
    let (mut filters, mut matches) = (0, 0);
    for text in texts("ab/+#$", 5) {
        let legal = naive::is_topic_filter(text.as_bytes());
        assert_eq!(TopicFilter::new(&text).is_ok(), legal, "{text}");
        assert_eq!(TopicName::new(&text).is_ok(), naive::is_topic_name(text.as_bytes()), "{text}");
        let Ok(filter) = TopicFilter::new(&text) else { continue };
        filters += 1;
        for name in &names {
            let naive = naive::matches(filter.as_bytes(), name.as_bytes());
            assert_eq!(filter.matches(*name), naive, "{filter} and {name}");
            matches += u32::from(naive);
        }
    }
    println!("{filters} filters, {} names, {matches} matches", names.len());
    assert!(filters > 1_000 && matches > 10_000);
}

#[test]
fn a_name_matches_itself_alone_among_names() {
    let names = texts("a/$", 4);
    for filter in &names {
        for name in &names {
            let filter = TopicFilter::from(TopicName::new(filter).unwrap());
            assert_eq!(filter.matches(TopicName::new(name).unwrap()), filter == name.as_str());
        }
    }
}

/// A filter made from the name: some levels replaced by `+`, the end maybe by `#`.
fn filter_for(name: &[u8], pluses: u8, keep: usize) -> Vec<u8> {
    let levels: Vec<&[u8]> = name.split(|&byte| byte == b'/').collect();
    let mut filter: Vec<&[u8]> = levels
        .iter()
        .enumerate()
        .map(|(n, level)| if pluses >> (n % 8) & 1 == 1 { &b"+"[..] } else { level })
        .collect();
    if keep < filter.len() {
        filter.truncate(keep);
        filter.push(b"#");
    }
    filter.join(&b'/')
}

proptest! {
    #![proptest_config(cases(20_000))]

    #[test]
    fn any_filter_matches_as_level_by_level(filter in topic_filter(), name in topic_name()) {
        let checked = TopicFilter::from_bytes(&filter).unwrap();
        let matched = checked.matches(TopicName::from_bytes(&name).unwrap());
        prop_assert_eq!(matched, naive::matches(&filter, &name));
    }

    #[test]
    fn a_filter_made_from_a_name_matches_it(name in topic_name(), pluses in any::<u8>(), keep in 0..6_usize) {
        let filter = filter_for(&name, pluses, keep);
        let Ok(checked) = TopicFilter::from_bytes(&filter) else { return Ok(()) };
        let expected = name[0] != b'$' || !matches!(filter[0], b'+' | b'#');
        prop_assert_eq!(checked.matches(TopicName::from_bytes(&name).unwrap()), expected);
        prop_assert_eq!(naive::matches(&filter, &name), expected);
    }

    #[test]
    fn levels_are_what_stands_between_the_separators(filter in topic_filter()) {
        let filter = TopicFilter::from_bytes(&filter).unwrap();
        prop_assert_eq!(filter.levels().collect::<Vec<_>>().join("/"), filter.to_string());
        prop_assert!(filter.levels().all(|level| !level.contains('/')));
    }
}
