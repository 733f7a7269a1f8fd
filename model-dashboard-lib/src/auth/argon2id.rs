//! argon2 in memory that the system has back as soon as it is free.

use argon2::password_hash::Error;
use argon2::password_hash::phc::{ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use subtle::ConstantTimeEq as _;

/// Address space that every computation reserves, in blocks of 1 KiB; only what it needs is
/// touched. The GNU C library returns a block of more than 32 MiB to the system when it is freed.
/// From the first smaller one on it would keep such blocks, one for each thread that ever hashed.
const RESERVED: usize = 33 << 10;

/// The PHC string of `input` with [`Params::DEFAULT`] and a random salt.
///
/// # Errors
/// [`Error::OutOfMemory`]; anything else is a lack of random bytes.
pub(super) fn hash(input: &[u8]) -> Result<String, Error> {
    let mut salt = [0; Salt::RECOMMENDED_LENGTH];
    getrandom::fill(&mut salt).map_err(|_| Error::Crypto)?;
    let (algorithm, version, params) = (Algorithm::Argon2id, Version::V0x13, Params::DEFAULT);
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    let argon2 = Argon2::new(algorithm, version, params.clone());
    compute(&argon2, input, &salt, &mut output)?;
    let hash = PasswordHash {
        algorithm: algorithm.ident(),
        version: Some(version.into()),
        params: ParamsString::try_from(&params)?,
        salt: Some(Salt::new(&salt)?),
        hash: Some(argon2::password_hash::phc::Output::new(&output)?),
    };
    Ok(hash.to_string())
}

/// Whether `stored` is a hash of `input`, with whatever variant and parameters it has.
///
/// # Errors
/// [`Error::OutOfMemory`]; anything else means that `stored` is no hash of argon2.
pub(super) fn fits(input: &[u8], stored: &PasswordHash) -> Result<bool, Error> {
    let algorithm = Algorithm::try_from(stored.algorithm.as_str())?;
    let version = match stored.version {
        Some(version) => Version::try_from(version)?,
        None => Version::default(),
    };
    let params = Params::try_from(stored)?;
    let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else {
        return Err(Error::PasswordInvalid);
    };
    let mut output = vec![0; expected.len()];
    let argon2 = Argon2::new(algorithm, version, params);
    compute(&argon2, input, salt, &mut output)?;
    Ok(output.ct_eq(expected.as_bytes()).into())
}

fn compute(argon2: &Argon2<'_>, input: &[u8], salt: &[u8], output: &mut [u8]) -> Result<(), Error> {
    let needed = argon2.params().block_count();
    let mut blocks: Vec<Block> = Vec::new();
    blocks
        .try_reserve_exact(needed.max(RESERVED))
        .map_err(|_| Error::OutOfMemory)?;
    blocks.resize(needed, Block::new());
    Ok(argon2.hash_password_into_with_memory(input, salt, output, &mut blocks)?)
}
