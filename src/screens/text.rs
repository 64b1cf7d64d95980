//! Texts of peers and people, made fit to be shown.

/// At most `max` characters of a text, without what is not seen or turns the writing around.
pub(crate) fn cut(text: &str, max: usize) -> String {
    text.chars().filter(|sign| is_shown(*sign)).take(max).collect::<String>().trim().to_owned()
}

/// Neither a control character nor one that only changes how others are written (Unicode 16, `Bidi_Control` and the
/// invisible ones that names are forged with).
pub(super) fn is_shown(sign: char) -> bool {
    let is_invisible = matches!(
        sign,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    );
    !sign.is_control() && !is_invisible
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_left_out_and_the_rest_is_cut() {
        assert_eq!(cut("  Línea\u{202e} 2\u{0}\n ", 40), "Línea 2");
        assert_eq!(cut("ñññ", 2), "ññ");
        assert_eq!(cut("\u{200b}\u{feff}", 9), "");
    }
}
