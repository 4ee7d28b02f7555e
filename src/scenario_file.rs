//! Scenarios in files, as `--scenario` and `specularite check` read them.

use std::path::Path;

use crate::fabric::FabricError;
use crate::fabric::scenario::Scenario;
use crate::http::operation_ids::operation_ids;
use crate::item_folder;
use crate::tenant::Tenant;

/// Reads a scenario, with the folders of items that it names. Their paths are relative to the folder of the file.
///
/// # Errors
///
/// The file or a folder cannot be read, or the scenario is not valid.
pub fn open(path: &Path) -> Result<Scenario, String> {
    parse(path, &item_folder::read(path)?)
}

/// Parses the text of a scenario file, like [`open`].
///
/// # Errors
///
/// A folder cannot be read, or the scenario is not valid.
pub fn parse(path: &Path, text: &[u8]) -> Result<Scenario, String> {
    let mut scenario = Scenario::parse(text).map_err(|why| reason(&why))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    scenario.read_files(|item| item_folder::parts(&folder.join(item))).map_err(|why| reason(&why))?;
    Ok(scenario)
}

/// Applies the scenario in a file to a tenant.
///
/// # Errors
///
/// The file cannot be read, or the scenario is not valid in this tenant. Nothing has changed.
pub fn apply(path: &Path, tenant: &Tenant) -> Result<(), String> {
    let applied = tenant.apply_scenario(&open(path)?, &operation_ids());
    applied.map(drop).map_err(|why| reason(&why))
}

/// Returns the message of an error, without its code.
pub fn reason(error: &FabricError) -> String {
    let fault = error.more_details().iter().find_map(|detail| detail.fault.as_ref());
    fault.map_or(error.text(), |(_, text)| text).trim_end_matches('.').to_owned()
}
