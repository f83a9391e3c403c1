//! Does a Topic Name match a Topic Filter (4.7)?

/// Both are checked: wildcards of the filter fill whole levels, `#` is last.
pub(crate) fn matches(filter: &[u8], name: &[u8]) -> bool {
    if name.first() == Some(&b'$') && matches!(filter.first(), Some(b'#' | b'+')) {
        return false;
    }
    let (mut filter, mut name) = (filter, name);
    loop {
        match (filter, name) {
            // At the start of a level, since it stands nowhere else.
            ([b'#', ..], _) => return true,
            ([b'+', rest @ ..], _) => {
                filter = rest;
                name = after_level(name);
            }
            ([f, filter_rest @ ..], [n, name_rest @ ..]) => {
                if f != n {
                    return false;
                }
                filter = filter_rest;
                name = name_rest;
            }
            // `a/#` matches its parent `a`.
            (rest, []) => return matches!(rest, [] | [b'/', b'#']),
            ([], _) => return false,
        }
    }
}

/// What follows the first level: empty, or its separator and the rest.
fn after_level(name: &[u8]) -> &[u8] {
    let end = name.iter().position(|&byte| byte == b'/').unwrap_or(name.len());
    name.get(end..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::topic::{TopicFilter, TopicName};

    #[track_caller]
    fn check(filter: &str, yes: &[&str], no: &[&str]) {
        let filter = TopicFilter::new(filter).unwrap();
        for name in yes {
            assert!(filter.matches(TopicName::new(name).unwrap()), "{filter} matches {name}");
        }
        for name in no {
            assert!(!filter.matches(TopicName::new(name).unwrap()), "{filter} does not match {name}");
        }
    }

    #[test]
    fn hash_matches_the_rest_and_its_parent() {
        check("sport/#", &["sport", "sport/", "sport/a/b"], &["sports", "spor", "/sport", "Sport"]);
        check("#", &["a", "/", "a/b", "/a"], &["$SYS", "$SYS/a"]);
        check("+/#", &["a", "a/b", "/", "/a"], &["$SYS/a"]);
        check("a/+/#", &["a/b", "a/", "a/b/c"], &["a"]);
        check("/#", &["/", "/a"], &["a"]);
    }

    #[test]
    fn plus_matches_one_level() {
        check("sport/+", &["sport/", "sport/a"], &["sport", "sport/a/b", "sport//"]);
        check("+", &["a"], &["/finance", "a/", "$a"]);
        check("+/+", &["/finance", "a/b", "/"], &["a", "a/b/c"]);
        check("/+", &["/finance", "/"], &["finance", "/a/b"]);
        check("+/a", &["/a", "b/a"], &["a", "$S/a"]);
        check("a/+/b", &["a//b", "a/x/b"], &["a/b", "a/x/y/b", "a/x/bb"]);
    }

    #[test]
    fn dollar_is_special_only_at_the_start() {
        check("$SYS/#", &["$SYS/x", "$SYS"], &["$SY", "SYS/x"]);
        check("$SYS/+", &["$SYS/x"], &["$SYS"]);
        check("a/+", &["a/$b"], &[]);
        check("a/#", &["a/$b"], &[]);
    }

    #[test]
    fn nothing_is_normalised() {
        check("a\u{E9}", &["a\u{E9}"], &["ae\u{301}", "A\u{E9}"]);
        check("a", &["a"], &["a/", "/a", "A", "a "]);
        check("/", &["/"], &["a", "//"]);
    }
}
