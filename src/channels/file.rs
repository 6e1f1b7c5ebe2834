//! A folder on disk. Files are written beside their final name and renamed, so that a reader never
//! sees half a digest.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use super::{DeliveryError, Message};

pub(super) fn deliver(folder: &Path, message: &Message) -> Result<(), DeliveryError> {
    let fail = |error: std::io::Error| DeliveryError {
        channel: format!("file:{}", folder.display()),
        reason: error.to_string(),
        unsure: false,
    };
    std::fs::create_dir_all(folder).map_err(fail)?;
    for format in &message.files {
        let (Some(ending), Some(content)) = (format.ending(), message.texts.get(format)) else {
            continue;
        };
        let path = folder.join(format!("{}.{ending}", message.key));
        let draft = folder.join(format!(".{}.{ending}.part", message.key));
        let mut file = File::create(&draft).map_err(fail)?;
        file.write_all(content.as_bytes()).map_err(fail)?;
        // What is marked as sent outlives a power cut.
        file.sync_all().map_err(fail)?;
        std::fs::rename(&draft, &path).map_err(fail)?;
    }
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(fail)
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::*;
    use crate::model::Timestamp;

    fn message(texts: &[(Format, &str)]) -> Message {
        Message {
            key: "monday-1".into(),
            title: "a".into(),
            at: Timestamp::from_millis(0),
            texts: texts.iter().map(|(format, text)| (*format, (*text).to_owned())).collect(),
            files: texts.iter().map(|(format, _)| *format).collect(),
        }
    }

    #[test]
    fn a_repeated_delivery_replaces_itself() {
        let folder = tempfile::tempdir().unwrap();
        let message = message(&[(Format::Md, "# a"), (Format::Json, "{}"), (Format::Html, "<p>")]);
        deliver(folder.path(), &message).unwrap();
        deliver(folder.path(), &message).unwrap();
        let mut names: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["monday-1.html", "monday-1.json", "monday-1.md"]);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = deliver(file.path(), &message(&[])).unwrap_err().to_string();
        assert!(error.contains(&file.path().display().to_string()), "{error}");
    }
}
