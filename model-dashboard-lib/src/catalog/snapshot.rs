//! The snapshot: what spares a restart from reading every object again.
//!
//! One file of records, each with its length before it. The first names format, program version
//! and repository; one for each object follows; after an empty record stands a CRC-32 of all that
//! came before. Nothing in it is taken for what is stored: an entry counts only if the listing
//! shows the object in the very state that the entry was made from.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::sync::Arc;

use super::entry::{Entry, Fresh, Kind, ModelParts, Span, Spans, Tombstone, unseen};
use super::picture::Picture;
use crate::model::{
    BrokenDefinition, MAX_DEFINITION_BYTES, ModelId, ModelKey, ModelName, NetworkType, Position,
    Timestamp, Version,
};
use crate::repository::Stamp;

/// To be raised with every change of a record; summaries may also differ between versions of the
/// program, so its version stands in the file too.
const FORMAT: &str = "model-dashboard catalogue 3, program ";

/// The longest record: a list entry of a definition of 1 MiB with every character escaped, and its
/// search text.
const MAX_RECORD: usize = 16 << 20;

/// Why a snapshot is of no use.
#[derive(Debug, thiserror::Error)]
pub(super) enum SnapshotError {
    #[error("it cannot be read")]
    Io(#[from] io::Error),
    #[error("it is of another version of the program or of another repository")]
    Foreign,
    #[error("it is damaged")]
    Damaged,
}

/// Writes the snapshot of a picture, at once or not at all.
pub(super) fn write(path: &Path, location: &str, picture: &Picture) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    let mut out = Summed {
        inner: BufWriter::with_capacity(1 << 18, file.as_file_mut()),
        crc: crc32fast::Hasher::new(),
    };
    let mut record = Record(Vec::new());
    record.text(&format!("{FORMAT}{}", env!("CARGO_PKG_VERSION")));
    record.text(location);
    out.record(&mut record)?;
    for &slot in picture.keys.iter() {
        let entry = picture.entry(slot);
        if entry.stamp != unseen() {
            record.entry(entry, picture.words(slot));
            out.record(&mut record)?;
        }
    }
    out.record(&mut record)?;
    let crc = out.crc.clone().finalize();
    out.inner.write_all(&crc.to_le_bytes())?;
    out.inner.flush()?;
    drop(out);
    // A file that a crash leaves incomplete is found damaged, so there is no need to wait for
    // the disk.
    file.persist(path)?;
    Ok(())
}

/// Reads the entries of a snapshot of this repository, sorted by key, one after the other. They
/// are of no use unless the answer is `Ok`.
pub(super) fn read(
    path: &Path,
    location: &str,
    mut found: impl FnMut(Fresh),
) -> Result<(), SnapshotError> {
    let file = BufReader::with_capacity(1 << 18, File::open(path)?);
    let mut input = Summed {
        inner: file,
        crc: crc32fast::Hasher::new(),
    };
    let mut buffer = Vec::new();
    let mut header = input.read_record(&mut buffer)?;
    let expected = format!("{FORMAT}{}", env!("CARGO_PKG_VERSION"));
    if header.text() != Some(&expected) || header.text() != Some(location) {
        return Err(SnapshotError::Foreign);
    }
    loop {
        let mut fields = input.read_record(&mut buffer)?;
        if fields.0.is_empty() {
            break;
        }
        found(fields.entry().ok_or(SnapshotError::Damaged)?);
    }
    let crc = input.crc.clone().finalize();
    let mut noted = [0; 4];
    input.fill(&mut noted)?;
    if u32::from_le_bytes(noted) == crc {
        Ok(())
    } else {
        Err(SnapshotError::Damaged)
    }
}

/// A file and the checksum of what went through.
struct Summed<F> {
    inner: F,
    crc: crc32fast::Hasher,
}

impl<F: Write> Summed<F> {
    /// Writes a record and empties it.
    fn record(&mut self, record: &mut Record) -> io::Result<()> {
        let length = u32::try_from(record.0.len())
            .map_err(io::Error::other)?
            .to_le_bytes();
        for part in [&length[..], &record.0] {
            self.crc.update(part);
            self.inner.write_all(part)?;
        }
        record.0.clear();
        Ok(())
    }
}

impl<F: Read> Summed<F> {
    fn fill(&mut self, part: &mut [u8]) -> Result<(), SnapshotError> {
        match self.inner.read_exact(part) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(SnapshotError::Damaged)
            }
            other => Ok(other?),
        }
    }

    fn read_record<'a>(&mut self, buffer: &'a mut Vec<u8>) -> Result<Fields<'a>, SnapshotError> {
        let mut length = [0; 4];
        self.fill(&mut length)?;
        self.crc.update(&length);
        let length = u32::from_le_bytes(length) as usize;
        if length > MAX_RECORD {
            return Err(SnapshotError::Damaged);
        }
        buffer.resize(length, 0);
        self.fill(buffer)?;
        self.crc.update(buffer);
        Ok(Fields(buffer))
    }
}

/// The fields of a record, one after the other: numbers little-endian, texts with their length
/// before them, what may be missing with a byte 0 or 1 before it.
struct Record(Vec<u8>);

impl Record {
    fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    fn number(&mut self, number: u64) {
        self.0.extend(number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.0.extend((text.len() as u32).to_le_bytes());
        self.0.extend(text.as_bytes());
    }

    fn span(&mut self, span: Span) {
        self.0.extend(span.start.to_le_bytes());
        self.0.extend(span.end.to_le_bytes());
    }

    fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.byte(value.is_some().into());
        if let Some(value) = value {
            write(self, value);
        }
    }

    fn instant(&mut self, instant: Option<Timestamp>) {
        self.option(instant, |out, at| {
            out.number(at.unix_micros().cast_unsigned())
        });
    }

    fn id(&mut self, id: Option<ModelId>) {
        self.option(id, |out, id| out.text(&id.to_string()));
    }

    fn entry(&mut self, entry: &Entry, words: &str) {
        self.text(entry.key.network_type.as_str());
        self.text(entry.key.name.as_str());
        self.option(entry.version, |out, version| out.text(&version.to_string()));
        self.text(&entry.stamp.0);
        self.byte(entry.ours.into());
        self.text(words);
        match &entry.kind {
            Kind::Model(model) => {
                self.byte(0);
                self.model(model);
            }
            Kind::Broken(broken) => {
                self.byte(1);
                self.text(&broken.reason);
                self.option(broken.position, |out, at| {
                    out.number(at.line as u64);
                    out.number(at.column as u64);
                });
                self.number(broken.size);
            }
            Kind::Deleted(tombstone) => {
                self.byte(2);
                self.id(tombstone.id);
                self.option(tombstone.revision, Self::number);
                self.instant(tombstone.at);
                self.option(tombstone.by.as_deref(), Self::text);
                self.option(tombstone.moved_to.as_ref(), |out, key| {
                    out.text(&key.to_string())
                });
            }
        }
    }

    fn model(&mut self, model: &ModelParts) {
        for flag in [model.enabled, model.contradicts_key, model.has_wrong_types] {
            self.byte(flag.into());
        }
        self.number(model.label_count.into());
        self.text(&model.list_json);
        let Spans {
            description,
            version,
            alias,
            create_date,
            last_modified_date,
        } = model.spans;
        for span in [description, version, alias, create_date, last_modified_date] {
            self.span(span);
        }
        self.instant(model.created);
        self.instant(model.modified);
        self.instant(model.modified_at);
        self.option(model.modified_by.as_deref(), Self::text);
        self.option(model.owner.as_deref(), Self::text);
        self.number(model.tags.len() as u64);
        model.tags.iter().for_each(|tag| self.text(tag));
        self.id(model.id);
        self.option(model.revision, Self::number);
    }
}

/// What is left of a record. Every reader gives `None` for what is no such field.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (part, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(part)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn flag(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn number(&mut self) -> Option<u64> {
        self.take(8)?.try_into().ok().map(u64::from_le_bytes)
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = u32::from_le_bytes(self.take(4)?.try_into().ok()?);
        std::str::from_utf8(self.take(length as usize)?).ok()
    }

    fn spans(&mut self) -> Option<Spans> {
        let mut spans = [Span::default(); 5];
        for span in &mut spans {
            span.start = u32::from_le_bytes(self.take(4)?.try_into().ok()?);
            span.end = u32::from_le_bytes(self.take(4)?.try_into().ok()?);
        }
        let [description, version, alias, create_date, last_modified_date] = spans;
        Some(Spans {
            description,
            version,
            alias,
            create_date,
            last_modified_date,
        })
    }

    fn option<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        if self.flag()? {
            read(self).map(Some)
        } else {
            Some(None)
        }
    }

    fn instant(&mut self) -> Option<Option<Timestamp>> {
        self.option(|input| Some(Timestamp::from_unix_micros(input.number()?.cast_signed())))
    }

    fn id(&mut self) -> Option<Option<ModelId>> {
        self.option(|input| ModelId::parse(input.text()?).ok())
    }

    fn shared(&mut self) -> Option<Option<Arc<str>>> {
        self.option(|input| input.text().map(Arc::from))
    }

    fn entry(&mut self) -> Option<Fresh> {
        let network_type = NetworkType::existing(self.text()?).ok()?;
        let name = ModelName::existing(self.text()?).ok()?;
        let key = ModelKey::new(network_type, name);
        let version = self.option(|input| Version::parse(input.text()?).ok())?;
        let stamp = Stamp(self.text()?.into());
        let ours = self.flag()?;
        let words = self.text()?.into();
        let kind = match self.byte()? {
            0 => Kind::Model(self.model()?),
            1 => Kind::Broken(Box::new(self.broken(&key, version, &stamp)?)),
            2 => Kind::Deleted(Box::new(Tombstone {
                id: self.id()?,
                revision: self.option(Self::number)?,
                at: self.instant()?,
                by: self.option(|input| input.text().map(str::to_owned))?,
                moved_to: self.option(|input| input.text()?.parse().ok())?,
            })),
            _ => return None,
        };
        let entry = Arc::new(Entry {
            key,
            version,
            stamp,
            ours,
            kind,
        });
        self.0.is_empty().then_some(Fresh { entry, words })
    }

    fn broken(
        &mut self,
        key: &ModelKey,
        version: Option<Version>,
        stamp: &Stamp,
    ) -> Option<BrokenDefinition> {
        let mut broken = BrokenDefinition {
            key: key.clone(),
            version,
            reason: self.text()?.into(),
            position: self.option(|input| {
                let line = input.number()?.try_into().ok()?;
                Some(Position {
                    line,
                    column: input.number()?.try_into().ok()?,
                })
            })?,
            size: self.number()?,
        };
        if broken.size > MAX_DEFINITION_BYTES as u64 {
            // Its bytes were not read, so that its state stands for them.
            broken.version = Some(stamp.version_unread());
        }
        Some(broken)
    }

    fn model(&mut self) -> Option<ModelParts> {
        let enabled = self.flag()?;
        let contradicts_key = self.flag()?;
        let has_wrong_types = self.flag()?;
        let label_count = self.number()?.try_into().ok()?;
        let list_json: Box<str> = self.text()?.into();
        Some(ModelParts {
            enabled,
            contradicts_key,
            has_wrong_types,
            label_count,
            list_json,
            spans: self.spans()?,
            created: self.instant()?,
            modified: self.instant()?,
            modified_at: self.instant()?,
            modified_by: self.shared()?,
            owner: self.shared()?,
            tags: {
                let count = self.number()?;
                (0..count)
                    .map(|_| self.text().map(Arc::from))
                    .collect::<Option<_>>()?
            },
            id: self.id()?,
            revision: self.option(Self::number)?,
        })
    }
}
