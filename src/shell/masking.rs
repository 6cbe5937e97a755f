//! Frames as somebody may see them: what is a secret in them is replaced.

use std::borrow::Cow;
use std::ops::Range;

/// What stands where a secret was; how long that is stays hidden, too.
const MASK: &str = "***";

/// A frame without its secrets: the value that goes with AuthorizationKey, what stands before the `@` of a URL
/// but for the user's name, and texts with a private key.
pub(crate) fn masked(frame: &str) -> Cow<'_, str> {
    let mut secrets = Scan::new(frame).secrets();
    if secrets.is_empty() {
        return Cow::Borrowed(frame);
    }
    secrets.sort_by_key(|secret| (secret.start, secret.end));
    let mut text = String::with_capacity(frame.len());
    let mut end = 0;
    for secret in secrets {
        // One inside of another is gone with it.
        if secret.start >= end {
            text.push_str(&frame[end..secret.start]);
            text.push_str(MASK);
            end = secret.end;
        }
    }
    text.push_str(&frame[end..]);
    Cow::Owned(text)
}

/// Goes through JSON that may be no JSON: whatever is sent may be looked at.
struct Scan<'a> {
    frame: &'a str,
    at: usize,
    /// What is known of each object, or list, that is open.
    open: Vec<Object>,
    secrets: Vec<Range<usize>>,
}

#[derive(Default)]
struct Object {
    /// Whether a member of it says AuthorizationKey.
    names_password: bool,
    /// The last string, which is the name of a member if a colon follows.
    last: Range<usize>,
    /// The name of the member whose value comes next.
    member: Range<usize>,
    /// What its member "value" is.
    value: Option<Range<usize>>,
}

impl<'a> Scan<'a> {
    fn new(frame: &'a str) -> Self {
        Self {
            frame,
            at: 0,
            open: vec![Object::default()],
            secrets: Vec::new(),
        }
    }

    fn secrets(mut self) -> Vec<Range<usize>> {
        let bytes = self.frame.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'"' => {
                    let text = self.string();
                    self.on_string(text);
                    continue;
                }
                b'{' | b'[' => self.open.push(Object::default()),
                b'}' | b']' => self.close(),
                b':' => {
                    if let Some(object) = self.open.last_mut() {
                        object.member = object.last.clone();
                    }
                }
                b',' => {
                    if let Some(object) = self.open.last_mut() {
                        object.member = 0..0;
                    }
                }
                b' ' | b'\t' | b'\r' | b'\n' => {}
                // A value that is no string: as long as it goes.
                _ => {
                    let rest = &bytes[self.at..];
                    let ends = |byte: &u8| b",]}\" \t\r\n:".contains(byte);
                    let len = rest.iter().position(ends).unwrap_or(rest.len());
                    let value = self.at..self.at + len;
                    self.at += len;
                    self.on_value(value);
                    continue;
                }
            }
            self.at += 1;
        }
        while !self.open.is_empty() {
            self.close();
        }
        self.secrets
    }

    /// The inside of the string that begins here; what has no end goes to the end.
    fn string(&mut self) -> Range<usize> {
        let bytes = self.frame.as_bytes();
        let start = self.at + 1;
        let mut end = start;
        while let Some(byte) = bytes.get(end) {
            match byte {
                b'"' => break,
                b'\\' => end += 2,
                _ => end += 1,
            }
        }
        let end = end.min(bytes.len());
        self.at = end + 1;
        start..end
    }

    fn on_string(&mut self, range: Range<usize>) {
        let text = &self.frame[range.clone()];
        if text.contains("PRIVATE KEY") {
            self.secrets.push(range.clone());
        } else if let Some(password) = password_of(text) {
            let secret = range.start + password.start..range.start + password.end;
            self.secrets.push(secret);
        }
        self.on_value(range.clone());
        if let Some(object) = self.open.last_mut() {
            object.names_password |= text.eq_ignore_ascii_case("AuthorizationKey");
            object.last = range;
        }
    }

    fn on_value(&mut self, range: Range<usize>) {
        let Some(object) = self.open.last_mut() else {
            return;
        };
        if self.frame[object.member.clone()].eq_ignore_ascii_case("value") {
            object.value = Some(range);
        }
    }

    fn close(&mut self) {
        let closed = self.open.pop();
        let closed = closed.filter(|object| object.names_password);
        self.secrets.extend(closed.and_then(|object| object.value));
    }
}

/// Where the password of a URL is, with a user's name or without: from the colon after the scheme to the last `@`, since
/// who writes an `@` or a slash into a password may forget to escape it.
fn password_of(text: &str) -> Option<Range<usize>> {
    let scheme = ["://", ":\\/\\/"];
    let found = scheme
        .iter()
        .filter_map(|mark| Some(text.find(mark)? + mark.len()));
    let host = found.min()?;
    let end = host + text[host..].rfind('@')?;
    let start = host + text[host..end].find(':')? + 1;
    Some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(frame: &str, shown: &str) {
        assert_eq!(masked(frame), shown);
    }

    #[test]
    fn a_password_that_is_set_is_hidden_wherever_its_name_stands() {
        is(
            r#"[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"0123\"456"}]"#,
            r#"[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"***"}]"#,
        );
        is(
            r#"[2,"1","ChangeConfiguration",{"value" : "a" , "key": "authorizationKEY"}]"#,
            r#"[2,"1","ChangeConfiguration",{"value" : "***" , "key": "authorizationKEY"}]"#,
        );
        is(
            r#"[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":1234}]"#,
            r#"[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":***}]"#,
        );
        // What is broken off is not less secret.
        is(
            r#"[2,"1","C",{"key":"AuthorizationKey","value":"0123"#,
            r#"[2,"1","C",{"key":"AuthorizationKey","value":"***"#,
        );
    }

    #[test]
    fn other_keys_are_shown_also_beside_it() {
        let list = r#"[3,"1",{"configurationKey":[{"key":"A","value":"1"},{"key":"AuthorizationKey","readonly":false}]}]"#;
        assert!(matches!(masked(list), Cow::Borrowed(_)));
        let plain = r#"[2,"1","ChangeConfiguration",{"key":"HeartbeatInterval","value":"300"}]"#;
        assert!(matches!(masked(plain), Cow::Borrowed(_)));
    }

    #[test]
    fn the_password_of_a_url_is_hidden_and_its_host_is_not() {
        is(
            r#"[2,"1","GetDiagnostics",{"location":"ftp://me:se/c@ret@host:21/x"}]"#,
            r#"[2,"1","GetDiagnostics",{"location":"ftp://me:***@host:21/x"}]"#,
        );
        is(
            r#"{"location":"ftp:\/\/me:secret@host\/x"}"#,
            r#"{"location":"ftp:\/\/me:***@host\/x"}"#,
        );
        let none = r#"{"location":"https://host:8080/x","mail":"a:b@c"}"#;
        assert!(matches!(masked(none), Cow::Borrowed(_)));
    }

    #[test]
    fn a_private_key_is_hidden() {
        is(
            r#"{"data":"-----BEGIN EC PRIVATE KEY-----\nabc"}"#,
            r#"{"data":"***"}"#,
        );
    }

    #[test]
    fn nonsense_is_looked_at_without_harm() {
        for nonsense in [
            "",
            "\"",
            "\\",
            "\"\\",
            "]]]]}}}",
            "[[[[{{{{",
            ":,:,\"value\":",
            "{\"ü\":ü",
            "\"a\\",
        ] {
            assert_eq!(masked(nonsense), nonsense);
        }
    }
}
