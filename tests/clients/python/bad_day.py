"""Publishes the repository with fabric-cicd into an existing workspace. The job can be repeated.

`tests/it/clients/bad_day.rs` creates the workspace and the connection, and plans the faults."""

import os

from deploy import target
from fabric_cicd import append_feature_flag, publish_all_items

append_feature_flag("enable_environment_variable_replacement")
publish_all_items(target(os.environ["WORKSPACE"]))
print("finished", flush=True)
