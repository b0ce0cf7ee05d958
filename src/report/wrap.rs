// SPDX-License-Identifier: GPL-2.0-only
//! Breaking text into lines. Widths are counted in characters.

/// `text` in lines of at most `width` characters, broken at blanks where possible. At least one
/// line, which may be empty.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let (mut line, mut len) = (String::new(), 0);
    for word in text.split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        if len > 0 && len + 1 + word.len() > width {
            lines.push(std::mem::take(&mut line));
            len = 0;
        }
        if len > 0 {
            line.push(' ');
            len += 1;
        }
        // A word longer than a line is cut.
        while word.len() > width {
            let rest = word.split_off(cut(&word, width));
            lines.push(word.into_iter().collect());
            word = rest;
        }
        len += word.len();
        line.extend(word);
    }
    lines.push(line);
    lines
}

/// Where to cut `word`, which is longer than `width`: before a part of an identifier, if that
/// does not leave most of the line empty.
fn cut(word: &[char], width: usize) -> usize {
    let near = word.get(..=width).unwrap_or(word);
    let last = near.iter().rposition(|c| matches!(c, '_' | '.' | '/' | '#'));
    last.filter(|at| *at >= width.div_ceil(2)).unwrap_or(width)
}

/// How many columns `text` takes.
pub(super) fn width_of(text: &str) -> usize {
    text.chars().count()
}

/// `text` and blanks up to `width`.
pub(super) fn pad(text: &str, width: usize) -> String {
    let blanks = width.saturating_sub(width_of(text));
    format!("{text}{}", " ".repeat(blanks))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_blanks_and_long_words_are_cut() {
        assert_eq!(wrap("", 5), [""]);
        assert_eq!(wrap("a bc  def", 4), ["a bc", "def"]);
        assert_eq!(wrap("abcdefgh i", 3), ["abc", "def", "gh", "i"]);
        assert_eq!(wrap("ab cdefg", 3), ["ab", "cde", "fg"]);
        assert_eq!(wrap("tty_buffer_request_room()", 22), ["tty_buffer_request", "_room()"]);
        assert_eq!(wrap("a_bcdefghijk", 8), ["a_bcdefg", "hijk"]);
        assert!(wrap("x yy zzz", 0).iter().all(|l| width_of(l) <= 1));
    }
}
