//! The alphabet and the checksum of our own tokens, in one place so that making and checking cannot drift apart.

/// Base62 digits in the order of their values, which is also the order of their bytes.
pub(super) const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Characters of a checksum: 62^6 is the first power of 62 above 2^32.
pub(super) const CHECKSUM: usize = 6;

/// CRC-32 (IEEE 802.3) of `text` as base62: most significant digit first, padded with zeros.
pub(super) fn checksum(text: &[u8]) -> [u8; CHECKSUM] {
    let mut rest = crc32fast::hash(text);
    let mut digits = [0_u8; CHECKSUM];
    for slot in digits.iter_mut().rev() {
        *slot = ALPHABET[(rest % 62) as usize];
        rest /= 62;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_crc32_in_base62() {
        // The check value of CRC-32/IEEE for these nine digits is 0xCBF43926, whose base62 was worked out apart from this code.
        assert_eq!(&checksum(b"123456789"), b"3jZRME");
        assert_eq!(&checksum(b""), b"000000");
    }
}
