//! The JSON Schema of scenarios, compared with what the program accepts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use specularite::check::SCHEMA;
use specularite::fabric::behaviours::Behaviours;
use specularite::fabric::item::kinds::KINDS;
use specularite::fabric::mirroring::causes::CAUSES;
use specularite::fabric::pace::Step;

use crate::harness::Lab;

/// A scenario with every member, except `path`, which only files can have.
fn everything() -> Value {
    let mut scenario: Value = serde_json::from_str(include_str!("../../fixtures/scenarios/everything.json")).unwrap();
    let landing = &mut scenario["workspaces"][0]["items"][1];
    landing.as_object_mut().unwrap().shift_remove("path");
    landing["definition"] = json!({"mirroring.json": crate::harness::open_mirror()});
    scenario
}

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

/// An object of the scenario: its place, and its schema.
struct Place {
    pointer: String,
    definition: String,
    members: Map<String, Value>,
}

/// Collects the objects whose members the schema lists, and the texts with listed values.
struct Walk {
    schema: Value,
    objects: Vec<Place>,
    choices: Vec<(String, Vec<String>)>,
}

impl Walk {
    fn new() -> Self {
        let mut walk = Self { schema: schema(), objects: Vec::new(), choices: Vec::new() };
        let root = json!({"$ref": "#/$defs/scenario"});
        walk.visit(&root, "", &everything(), String::new());
        walk
    }

    fn visit(&mut self, schema: &Value, definition: &str, value: &Value, pointer: String) {
        if let Some(name) = schema["$ref"].as_str() {
            let name = name.trim_start_matches("#/$defs/");
            let target = self.schema["$defs"][name].clone();
            assert!(target.is_object(), "{name} is not defined");
            return self.visit(&target, name, value, pointer);
        }
        if let (Some(values), true) = (schema["enum"].as_array(), value.is_string()) {
            let values = values.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            self.choices.push((pointer.clone(), values));
        }
        if let (Some(members), Some(given)) = (schema["properties"].as_object(), value.as_object()) {
            assert_eq!(schema["additionalProperties"], false, "{definition}");
            let (members, definition) = (members.clone(), definition.to_owned());
            for (name, inner) in given {
                let inner_schema = members.get(name).unwrap_or_else(|| panic!("{pointer}/{name} is not in the schema"));
                let inner_definition = format!("{definition}.{name}");
                self.visit(inner_schema, &inner_definition, inner, format!("{pointer}/{}", escape(name)));
            }
            self.objects.push(Place { pointer, definition, members });
        } else if let Some(elements) = value.as_array() {
            for (index, element) in elements.iter().enumerate() {
                self.visit(&schema["items"], &format!("{definition}[]"), element, format!("{pointer}/{index}"));
            }
        }
    }
}

fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The scenario with an unknown member, once in each object whose members the schema lists.
pub(crate) fn with_unknown_members(scenario: &str) -> Vec<Value> {
    let places = Walk::new().objects.into_iter().filter_map(|Place { pointer, .. }| {
        let mut scenario: Value = serde_json::from_str(scenario).unwrap();
        scenario.pointer_mut(&pointer)?.as_object_mut()?.insert("zzUnknown".into(), json!(1));
        Some(scenario)
    });
    places.collect()
}

/// The message with which the program refuses a scenario.
fn refusal(scenario: &Value) -> String {
    let reply = Lab::new().json("POST", "/_emulator/scenario", scenario).refuses(400, "InvalidInput");
    reply.body()["moreDetails"][0]["message"].as_str().unwrap().to_owned()
}

/// The names that a message lists after *expected*.
fn expected(message: &str) -> BTreeSet<String> {
    let (_, listed) = message.rsplit_once("expected ").unwrap_or_else(|| panic!("{message}"));
    let listed = listed.split(" at line ").next().unwrap().trim_start_matches("one of ");
    let names = listed.split([',', ' ']).map(|name| name.trim_matches(['`', '.', '"']));
    names.filter(|name| !name.is_empty() && *name != "or").map(str::to_owned).collect()
}

#[test]
fn program_accepts_every_member_of_the_schema() {
    Lab::new().json("POST", "/_emulator/scenario", &everything()).is(200);
    let mut given: BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)> = BTreeMap::new();
    let scenario = everything();
    for Place { pointer, definition, members } in Walk::new().objects {
        let (all, used) = given.entry(definition).or_default();
        all.extend(members.keys().cloned());
        used.extend(scenario.pointer(&pointer).unwrap().as_object().unwrap().keys().cloned());
    }
    for (definition, (all, used)) in given {
        let missing: Vec<&String> = all.difference(&used).filter(|name| *name != "path").collect();
        let of_behaviours = definition.ends_with(".behaviours");
        assert!(missing.is_empty() || of_behaviours, "everything.json lacks {missing:?} of {definition}");
    }
}

/// The program refuses an unknown member everywhere, and its message lists the members of the schema.
#[test]
fn schema_lists_exactly_the_members_of_the_program() {
    let places = Walk::new().objects;
    assert!(places.len() > 60, "{} objects", places.len());
    for Place { pointer, definition, members } in places {
        let mut scenario = everything();
        let object = scenario.pointer_mut(&pointer).unwrap().as_object_mut().unwrap();
        object.insert("zzUnknown".into(), json!(1));
        let message = refusal(&scenario);
        assert!(message.contains("zzUnknown") && message.contains(" at line 1 column "), "{pointer}: {message}");
        let mut wanted: BTreeSet<String> = members.keys().cloned().collect();
        let known = expected(&message);
        // Names of connections and items are resolved before a source is read. A trouble belongs to a target, or to the
        // table of a source.
        match definition.as_str() {
            "source" => wanted.retain(|name| name != "connection" && name != "item"),
            "trouble" => drop(wanted.insert("table".into())),
            "sourceTrouble" => drop(wanted.insert("target".into())),
            _ => {}
        }
        assert_eq!(known, wanted, "{definition} at {pointer}: {message}");
    }
}

/// The program refuses other values of texts with listed values, and lists the values of the schema if it lists any.
#[test]
fn schema_lists_exactly_the_values_of_the_program() {
    let choices = Walk::new().choices;
    assert!(choices.len() >= 20, "{} choices", choices.len());
    for (pointer, values) in choices {
        let mut scenario = everything();
        *scenario.pointer_mut(&pointer).unwrap() = json!("zzUnknown");
        let message = refusal(&scenario);
        assert!(message.contains("zzUnknown"), "{pointer}: {message}");
        if message.contains("expected one of `") || message.contains("expected `") {
            assert_eq!(expected(&message), values.iter().cloned().collect(), "{pointer}: {message}");
        }
    }
    let schema = schema();
    let listed = |pointer: &str| -> BTreeSet<String> {
        let values = schema.pointer(pointer).unwrap().as_array().unwrap();
        values.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let kinds = KINDS.iter().map(|kind| kind.name.to_owned()).collect();
    assert_eq!(listed("/$defs/item/properties/type/enum"), kinds);
    assert_eq!(
        listed("/$defs/trouble/properties/cause/enum"),
        CAUSES.iter().map(|cause| cause.name.to_owned()).collect()
    );
    let steps: BTreeSet<&str> = Step::ALL.map(Step::as_str).into();
    let durations = schema.pointer("/$defs/settings/properties/durations/properties").unwrap();
    assert_eq!(durations.as_object().unwrap().keys().map(String::as_str).collect::<BTreeSet<_>>(), steps);
    for (name, answers) in Behaviours::ANSWERS {
        let known = listed(&format!("/$defs/settings/properties/behaviours/properties/{name}/enum"));
        assert_eq!(known, answers.iter().map(ToString::to_string).collect(), "{name}");
    }
}

#[test]
fn schema_lists_exactly_the_members_of_snapshots() {
    let snapshot = crate::facts::history().get("/_emulator/snapshot").is(200).body();
    let members = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let schema = schema();
    assert_eq!(members(&schema["$defs"]["snapshot"]["properties"]), members(&snapshot));
    assert_eq!(schema["$defs"]["snapshot"]["required"], json!(members(&snapshot)));
    let clock = &schema["$defs"]["clock"]["properties"];
    assert_eq!(members(clock), members(&snapshot["clock"]));
    assert_eq!(
        members(&schema["$defs"]["snapshot"]["properties"]["facts"]["items"]["properties"]),
        members(&snapshot["facts"][0])
    );
}

#[test]
fn check_prints_the_schema() {
    let program = env!("CARGO_BIN_EXE_specularite");
    let printed = std::process::Command::new(program).args(["check", "--schema"]).output().unwrap();
    assert!(printed.status.success());
    assert_eq!(String::from_utf8(printed.stdout).unwrap(), SCHEMA);
}
