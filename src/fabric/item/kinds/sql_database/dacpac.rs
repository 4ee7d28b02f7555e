//! The default definition of a SQL database: an empty model in the format `dacpac` or `sqlproj`.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::fabric::item::{Item, Part};

const NAMESPACE: &str = "http://schemas.microsoft.com/sqlserver/dac/Serialization/2012/02";
const CONTENT_TYPES: &str = r#"<?xml version="1.0" encoding="utf-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="text/xml" /></Types>"#;

/// Returns one part: `{name}.sqlproj` if the format is `sqlproj`, else `{name}.dacpac`.
pub(super) fn default_definition(item: &Item, format: Option<&str>) -> Vec<Part> {
    let collation = item.sql_database.as_ref().map_or("", |database| database.collation.as_str());
    let (extension, payload) = if format == Some("sqlproj") {
        ("sqlproj", project(&item.display_name, collation).into_bytes())
    } else {
        ("dacpac", package(&item.display_name, collation))
    };
    vec![Part { path: format!("{}.{extension}", item.display_name), payload: payload.into() }]
}

/// Returns a dacpac with an empty model. The files in it are not compressed and have a constant timestamp, so that
/// equal arguments return equal bytes.
fn package(name: &str, collation: &str) -> Vec<u8> {
    let name = escaped(name);
    let head = r#"<?xml version="1.0" encoding="utf-8"?>"#;
    let model = format!(
        "{head}\n<DataSchemaModel FileFormatVersion=\"1.2\" SchemaVersion=\"3.5\" \
         DspName=\"Microsoft.Data.Tools.Schema.Sql.SqlDbFabricDatabaseSchemaProvider\" xmlns=\"{NAMESPACE}\">\n  <Model>\n    \
         <Element Type=\"SqlDatabaseOptions\">\n      <Property Name=\"Collation\" Value=\"{}\" />\n    </Element>\n  \
         </Model>\n</DataSchemaModel>\n",
        escaped(collation)
    );
    let metadata = format!(
        "{head}\n<DacType xmlns=\"{NAMESPACE}\">\n  <Name>{name}</Name>\n  <Version>1.0.0.0</Version>\n</DacType>\n"
    );
    let mut package = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (path, text) in
        [("model.xml", &*model), ("DacMetadata.xml", &*metadata), ("[Content_Types].xml", CONTENT_TYPES)]
    {
        package
            .start_file(path, stored)
            .and_then(|()| Ok(package.write_all(text.as_bytes())?))
            .expect("writing to memory cannot fail");
    }
    package.finish().expect("writing to memory cannot fail").into_inner()
}

fn project(name: &str, collation: &str) -> String {
    format!(
        "<Project DefaultTargets=\"Build\">\n  <Sdk Name=\"Microsoft.Build.Sql\" Version=\"1.0.0\" />\n  <PropertyGroup>\n    \
         <Name>{}</Name>\n    <DSP>Microsoft.Data.Tools.Schema.Sql.SqlDbFabricDatabaseSchemaProvider</DSP>\n    \
         <DefaultCollation>{}</DefaultCollation>\n  </PropertyGroup>\n</Project>\n",
        escaped(name),
        escaped(collation)
    )
}

/// Escapes a text for XML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_is_reproducible_and_valid() {
        let bytes = package("a & b", "SQL_Latin1_General_CP1_CI_AS");
        assert_eq!(bytes, package("a & b", "SQL_Latin1_General_CP1_CI_AS"));
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let metadata = std::io::read_to_string(archive.by_name("DacMetadata.xml").unwrap()).unwrap();
        assert!(metadata.contains("<Name>a &amp; b</Name>"), "{metadata}");
    }
}
