# A mirrored database and a SQL database with the Fabric CLI, from a new workspace until mirroring runs.
# The job can be repeated: it creates only what does not exist.
set -euo pipefail
make() {
  local found
  found=$(fab exists "$1")
  grep -q true <<< "$found" || fab create "$@"
}
fab auth login -u "$FAB_SPN_CLIENT_ID" -p "$FAB_SPN_CLIENT_SECRET" --tenant "$FAB_TENANT_ID"
capacities=$(fab ls .capacities)
capacity=$(sed -n 1p <<< "$capacities" | tr -d '\r ')
make day.Workspace -P "capacityName=${capacity%.Capacity}"
make day.Workspace/orders.MirroredDatabase
make day.Workspace/app.SQLDatabase
fab start -f day.Workspace/orders.MirroredDatabase
for _ in {1..20}; do
  status=$(fab get -f day.Workspace/orders.MirroredDatabase -q status)
  if grep -q Running <<< "$status"; then echo finished; exit; fi
done
echo "never running: $status" >&2
exit 1
