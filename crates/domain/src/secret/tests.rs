//! The promises of digests, the keyring and the envelope as a whole.

use proptest::prelude::*;
use zeroize::Zeroizing;

use super::pepper::Pepper;
use super::*;
use crate::clock::{Random, SystemRandom};
use crate::token::{Token, TokenShape};

const TOKEN: &[u8] = b"sk_live_k3J9f0aZQw7RtY2uBn5Lx8VcMd1Hs6Pe3DiCom";

fn keyring() -> Keyring {
    Keyring::generate(&SystemRandom).unwrap()
}

fn token() -> Token {
    Token::generate(&TokenShape::default(), &SystemRandom)
}

/// Always the same bytes, so that a secret can be searched for in what is printed.
struct Constant(u8);

impl Random for Constant {
    fn fill(&self, out: &mut [u8]) {
        out.fill(self.0);
    }
}

#[test]
fn the_digest_is_hmac_sha256() {
    // RFC 4231, cases 1 to 3. Their keys are shorter than ours; RFC 2104 pads with zeros, so padding them changes nothing.
    for (key, data, expected) in [
        (
            &[0x0b; 20][..],
            &b"Hi There"[..],
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        ),
        (
            b"Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            &[0xaa; 20],
            &[0xdd; 50],
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
        ),
    ] {
        let mut bytes = Zeroizing::new([0; 32]);
        bytes[..key.len()].copy_from_slice(key);
        assert_eq!(Some(Pepper::new(bytes).digest(data)), Digest::from_hex(expected));
    }
}

proptest! {
    #[test]
    fn the_digest_is_the_librarys_whatever_the_lengths(key: [u8; 32], text in prop::collection::vec(any::<u8>(), 0..600)) {
        use hmac::Mac as _;
        let mut library = <hmac::Hmac<sha2::Sha256> as hmac::KeyInit>::new_from_slice(&key).unwrap();
        library.update(&text);
        let expected: [u8; 32] = library.finalize().into_bytes().into();
        prop_assert_eq!(Pepper::new(Zeroizing::new(key)).digest(&text), Digest::from_bytes(expected));
    }
}

#[test]
fn a_keyring_read_from_a_file_digests_as_other_programs_do() {
    let pepper: String = (0..32).map(|byte| format!("{byte:02x}")).collect();
    let other = "5a".repeat(32);
    let text = format!(
        "format = 1\naudit_signing_seed = \"{other}\"\n[peppers]\ncurrent = 3\nnext = 4\n[peppers.keys]\n3 = \"{pepper}\"\n\
         [key_encryption_keys]\ncurrent = 1\nnext = 2\n[key_encryption_keys.keys]\n1 = \"{other}\"\n"
    );
    let keyring = Keyring::from_toml(&text).unwrap();
    let seen = Presented::parse(TOKEN).unwrap();
    let hmac = Digest::from_hex("4c837c8a026f5e644ffb1c361dc5eccb65c5d9647b4fcf8de4ba15ae7789ef7a");
    assert_eq!(Some(keyring.digest(&seen)), hmac);
    assert_eq!(keyring.digest_with(PepperVersion::new(3), &seen), hmac);
    assert_eq!(keyring.digest_with(PepperVersion::new(2), &seen), None);
    assert_eq!(
        Some(sha256(&seen)),
        Digest::from_hex("04dfb1afcc75cb295bc26f18ce1a2ac324019b7b5468576586a1edd4e3e3e0a7")
    );
}

#[test]
fn white_space_round_a_presented_token_does_not_change_its_digest() {
    let keyring = keyring();
    let padded = [b" ", TOKEN, b"\r\n"].concat();
    let (plain, padded) = (
        Presented::parse(TOKEN).unwrap(),
        Presented::parse(&padded).unwrap(),
    );
    assert_eq!(keyring.digest(&plain), keyring.digest(&padded));
}

#[test]
fn a_pepper_verifies_from_its_announcement_until_it_is_retired() {
    let mut keyring = keyring();
    let token = token();
    let seen = token.as_presented();
    let first = keyring.current_pepper();
    let old = keyring.digest(&seen);
    assert_eq!(keyring.others(&seen).count(), 0);

    let second = keyring.announce_pepper(&SystemRandom);
    assert_eq!(keyring.digest(&seen), old, "an announced pepper does not write");
    let new = keyring.others(&seen).collect::<Vec<_>>();
    assert_eq!(
        new.iter().map(|(version, _)| *version).collect::<Vec<_>>(),
        [second]
    );
    assert_ne!(new[0].1, old);

    keyring.promote_pepper(second).unwrap();
    assert_eq!(keyring.current_pepper(), second);
    assert_eq!(keyring.digest(&seen), new[0].1);
    assert_eq!(
        keyring.others(&seen).collect::<Vec<_>>(),
        [(first, old)],
        "the old one still verifies"
    );
    assert_eq!(keyring.pepper_versions(), [first, second]);

    assert_eq!(keyring.retire_pepper(second), Err(RotationError::Current(2)));
    keyring.retire_pepper(first).unwrap();
    assert_eq!(keyring.others(&seen).count(), 0);
    assert_eq!(keyring.retire_pepper(first), Err(RotationError::Unknown(1)));
    assert_eq!(keyring.promote_pepper(first), Err(RotationError::Unknown(1)));
}

#[test]
fn a_retired_version_number_is_never_given_out_again() {
    let mut keyring = keyring();
    let second = keyring.announce_pepper(&SystemRandom);
    keyring.retire_pepper(second).unwrap();
    let mut reread = Keyring::from_toml(&keyring.to_toml()).unwrap();
    assert_eq!(reread.announce_pepper(&SystemRandom).get(), 3);
}

#[test]
fn a_keyring_survives_its_file() {
    let mut keyring = keyring();
    let pepper = keyring.announce_pepper(&SystemRandom);
    keyring.promote_pepper(pepper).unwrap();
    keyring.announce_pepper(&SystemRandom);
    let wrapped = keyring
        .wrap(&DataKey::generate(&SystemRandom), b"org", &SystemRandom)
        .unwrap();
    let kek = keyring.announce_kek(&SystemRandom);
    keyring.promote_kek(kek).unwrap();

    let text = keyring.to_toml();
    assert!(text.starts_with("# The secrets of this Claviger installation."));
    let reread = Keyring::from_toml(&text).unwrap();
    assert_eq!(*reread.to_toml(), *text, "stable");
    let token = token();
    let seen = token.as_presented();
    assert_eq!(reread.digest(&seen), keyring.digest(&seen));
    assert!(reread.others(&seen).eq(keyring.others(&seen)));
    assert_eq!(reread.kek_versions(), keyring.kek_versions());
    assert!(
        reread.unwrap(&wrapped, b"org").is_ok(),
        "the old key-encryption key still opens"
    );
    assert_eq!(reread.audit_public_key(), keyring.audit_public_key());
}

#[test]
fn the_text_of_a_large_keyring_is_written_without_growing() {
    let mut keyring = keyring();
    let empty = keyring.to_toml().capacity();
    for _ in 0..50 {
        keyring.announce_pepper(&SystemRandom);
        keyring.announce_kek(&SystemRandom);
    }
    assert_eq!(keyring.to_toml().capacity(), empty + 100 * 96);
}

#[test]
fn a_damaged_secrets_file_is_refused_without_quoting_it() {
    let secret = "c5".repeat(32);
    let keyring = Keyring::generate(&Constant(0xc5)).unwrap();
    let good = keyring.to_toml();
    let cases = [
        (good.replace("format = 1", "format = 2"), KeyringError::Format(2)),
        (
            good.replace("current = 1", "current = 7"),
            KeyringError::Versions("peppers"),
        ),
        (
            good.replace("next = 2", "next = 1"),
            KeyringError::Versions("peppers"),
        ),
        (
            good.replace("1 = \"c5", "0 = \"c5"),
            KeyringError::Versions("peppers"),
        ),
        (
            good.replace("1 = \"c5", "1 = \""),
            KeyringError::Key("version 1 of [peppers]".to_owned()),
        ),
        (
            good.replace("seed = \"c5", "seed = \"zz"),
            KeyringError::Key("audit_signing_seed".to_owned()),
        ),
        (
            format!("stray = \"{secret}\"\n{}", *good),
            KeyringError::Syntax(1),
        ),
        (format!("\nformat = \"{secret}\""), KeyringError::Syntax(2)),
        (
            format!("\n\naudit_signing_seed = {secret}"),
            KeyringError::Syntax(3),
        ),
    ];
    for (text, expected) in cases {
        let refused = Keyring::from_toml(&text).unwrap_err();
        let printed = format!("{refused} {refused:?}");
        assert!(!printed.contains("c5c5"), "{printed}");
        assert_eq!(refused, expected);
    }
}

#[test]
fn an_encrypted_token_opens_only_for_its_own_secret() {
    let keyring = keyring();
    let data_key = DataKey::generate(&SystemRandom);
    let token = token();
    let sealed = data_key.seal(&token, b"sec-1", &SystemRandom).unwrap();
    assert!(
        !sealed
            .windows(8)
            .any(|part| part == &token.expose().as_bytes()[8..16])
    );

    let wrapped = keyring.wrap(&data_key, b"org-1", &SystemRandom).unwrap();
    let again = keyring.unwrap(&wrapped, b"org-1").unwrap();
    assert_eq!(again.open(&sealed, b"sec-1").unwrap().expose(), token.expose());

    assert_eq!(again.open(&sealed, b"sec-2").err(), Some(SealError::Refused));
    assert_eq!(keyring.unwrap(&wrapped, b"org-2").err(), Some(SealError::Refused));
    assert_eq!(
        DataKey::generate(&SystemRandom).open(&sealed, b"sec-1").err(),
        Some(SealError::Refused)
    );
    let unknown = WrappedDataKey {
        kek: KekVersion::new(9),
        ..wrapped
    };
    assert_eq!(
        keyring.unwrap(&unknown, b"org-1").err(),
        Some(SealError::UnknownKek(KekVersion::new(9)))
    );
}

#[test]
fn a_change_of_any_byte_is_found() {
    let keyring = keyring();
    let data_key = DataKey::generate(&SystemRandom);
    let sealed = data_key.seal(&token(), b"sec", &SystemRandom).unwrap();
    let wrapped = keyring.wrap(&data_key, b"org", &SystemRandom).unwrap();
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert!(data_key.open(&changed, b"sec").is_err(), "byte {at}");
        assert!(data_key.open(&sealed[..at], b"sec").is_err(), "cut at {at}");
    }
    for at in 0..wrapped.bytes.len() {
        let mut changed = wrapped.clone();
        changed.bytes[at] ^= 1;
        assert!(keyring.unwrap(&changed, b"org").is_err(), "byte {at}");
    }
}

#[test]
fn the_same_token_is_never_sealed_to_the_same_bytes() {
    let (data_key, token) = (DataKey::generate(&SystemRandom), token());
    let seal = || data_key.seal(&token, b"sec", &SystemRandom).unwrap();
    assert_ne!(seal(), seal());
}

#[test]
fn an_audit_signature_is_bound_to_message_and_key() {
    let keyring = keyring();
    let (public, signature) = (keyring.audit_public_key(), keyring.sign(b"root 17"));
    assert!(verify_signature(&public, b"root 17", &signature));
    assert!(!verify_signature(&public, b"root 18", &signature));
    assert!(!verify_signature(
        &self::keyring().audit_public_key(),
        b"root 17",
        &signature
    ));
    for at in 0..64 {
        let mut changed = signature;
        changed[at] ^= 1;
        assert!(!verify_signature(&public, b"root 17", &changed), "byte {at}");
    }
}

#[test]
fn the_audit_key_signs_as_rfc_8032_does() {
    // RFC 8032, 7.1, test 1: the empty message.
    let text = Keyring::generate(&Constant(0xc5)).unwrap().to_toml().replacen(
        &"c5".repeat(32),
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        1,
    );
    let keyring = Keyring::from_toml(&text).unwrap();
    let public = Digest::from_hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    assert_eq!(Some(Digest::from_bytes(keyring.audit_public_key())), public);
    let mut expected = [0; 64];
    let signature = "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";
    unhex(signature, &mut expected).unwrap();
    assert_eq!(keyring.sign(b""), expected);
}

#[test]
fn nothing_that_prints_a_secret_type_prints_the_secret() {
    let keyring = Keyring::generate(&Constant(0xc5)).unwrap();
    let data_key = DataKey::generate(&Constant(0xc5));
    for printed in [
        format!("{keyring:?}"),
        format!("{keyring:#?}"),
        format!("{data_key:?}"),
    ] {
        assert!(printed.contains("redacted"), "{printed}");
        for part in ["c5c5", "C5C5", "197, 197", "197,\n"] {
            assert!(!printed.contains(part), "{printed}");
        }
    }
    assert_eq!(
        format!("{:?}", Digest::from_bytes([0xc5; 32])),
        "Digest(c5c5c5c5…)"
    );
}

proptest! {
    #[test]
    fn a_digest_is_read_back_from_hex_of_either_case(bytes: [u8; 32]) {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        prop_assert_eq!(Digest::from_hex(&hex), Some(Digest::from_bytes(bytes)));
        prop_assert_eq!(Digest::from_hex(&hex.to_uppercase()), Some(Digest::from_bytes(bytes)));
        prop_assert_eq!(Digest::from_hex(&hex[1..]), None);
    }

    #[test]
    fn no_text_breaks_the_readers_of_files_and_hashes(text in "\\PC{0,80}") {
        prop_assert!(Keyring::from_toml(&text).is_err());
        let _ = (HashImport::parse(&text), Digest::from_hex(&text));
    }

    #[test]
    fn no_bytes_open_as_a_token(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        prop_assert!(DataKey::generate(&SystemRandom).open(&bytes, b"sec").is_err());
    }
}
