//! Bodies of environments: their compute and their libraries.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Continuation;
use super::spark::{ExecutorsBody, InstancePoolBody};
use crate::fabric::State;
use crate::fabric::item::environment::libraries::{Libraries, LibraryType};
use crate::fabric::page::{Page, Position};
use crate::fabric::spark::compute::SparkCompute;
use crate::fabric::workspace::Workspace;

/// The compute of an environment. The members are in the order of the service.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ComputeBody<'a> {
    instance_pool: InstancePoolBody<'a>,
    driver_cores: u32,
    driver_memory: &'a str,
    executor_cores: u32,
    executor_memory: &'a str,
    dynamic_executor_allocation: ExecutorsBody,
    spark_properties: SparkProperties<'a>,
    runtime_version: &'a str,
}

/// The Spark properties, in the form of the beta version or of the release version.
#[derive(Serialize)]
#[serde(untagged)]
enum SparkProperties<'a> {
    Beta(&'a BTreeMap<String, String>),
    Release(Vec<SparkProperty<'a>>),
}

#[derive(Serialize)]
struct SparkProperty<'a> {
    key: &'a str,
    value: &'a str,
}

impl<'a> ComputeBody<'a> {
    /// Creates the body of the compute of an environment, in the form of the beta version or of the release version.
    pub(crate) fn new(state: &'a State, workspace: &'a Workspace, compute: &'a SparkCompute, is_beta: bool) -> Self {
        let properties = &compute.spark_properties;
        let list = || properties.iter().map(|(key, value)| SparkProperty { key, value }).collect();
        Self {
            instance_pool: InstancePoolBody::new(state, workspace, compute.pool),
            driver_cores: compute.driver_cores,
            driver_memory: &compute.driver_memory,
            executor_cores: compute.executor_cores,
            executor_memory: &compute.executor_memory,
            dynamic_executor_allocation: compute.dynamic_executor_allocation.into(),
            spark_properties: if is_beta {
                SparkProperties::Beta(properties)
            } else {
                SparkProperties::Release(list())
            },
            runtime_version: &compute.runtime_version,
        }
    }
}

/// The libraries of an environment, in the form of the beta version.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LibrariesBody<'a> {
    custom_libraries: CustomLibraries<'a>,
    environment_yml: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CustomLibraries<'a> {
    wheel_files: Vec<&'a str>,
    py_files: Vec<&'a str>,
    jar_files: Vec<&'a str>,
    r_tar_files: Vec<&'a str>,
}

impl<'a> From<&'a Libraries> for LibrariesBody<'a> {
    fn from(libraries: &'a Libraries) -> Self {
        Self {
            custom_libraries: CustomLibraries {
                wheel_files: libraries.of_type(LibraryType::Wheel),
                py_files: libraries.of_type(LibraryType::Python),
                jar_files: libraries.of_type(LibraryType::Jar),
                r_tar_files: libraries.of_type(LibraryType::R),
            },
            environment_yml: libraries.environment_yml().unwrap_or_default(),
        }
    }
}

/// A page of the libraries of an environment, in the form of the release version.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LibrariesPage<'a> {
    libraries: Vec<LibraryBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    continuation_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    continuation_uri: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LibraryBody<'a> {
    library_type: &'static str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
}

impl<'a> LibrariesPage<'a> {
    /// Returns the custom libraries and then the external libraries, after a position.
    pub(crate) fn elements(
        libraries: &'a Libraries,
        after: Option<Position>,
    ) -> impl Iterator<Item = (Position, LibraryBody<'a>)> {
        let custom = libraries.custom().iter();
        let custom = custom.map(|library| LibraryBody { library_type: "Custom", name: &library.name, version: None });
        let external = libraries.external().map(|library| LibraryBody {
            library_type: "External",
            name: library.name,
            version: Some(library.version),
        });
        (1..).zip(custom.chain(external)).skip_while(move |(position, _)| Some(*position) <= after)
    }

    /// Creates the body of a page with its continuation.
    pub(crate) fn new(page: Page<LibraryBody<'a>>, continuation: Option<Continuation>) -> Self {
        let (continuation_token, continuation_uri) = Continuation::members(continuation);
        Self { libraries: page.elements, continuation_token, continuation_uri }
    }
}

#[derive(Deserialize)]
pub(crate) struct RemoveLibraryBody {
    pub(crate) name: Option<String>,
    pub(crate) version: Option<String>,
}
