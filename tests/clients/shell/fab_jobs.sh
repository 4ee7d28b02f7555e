# The Fabric CLI: jobs and schedules, the lists of the tenant and of a workspace, and requests by `fab api`.
set -euo pipefail
control() { curl --silent --show-error --fail-with-body -X "$1" "$SPECULARITE_URL/_emulator/$2" -d "${3:-}" > /dev/null; }
# Runs a command and checks that its output contains a text.
prints() { local wanted=$1 told; shift; told=$("$@" 2>&1) || { echo "$told" >&2; return 1; }
  grep -qF -- "$wanted" <<< "$told" || { echo "\`$*\` printed no \"$wanted\": $told" >&2; return 1; }; }

fab auth login -u "$FAB_SPN_CLIENT_ID" -p "$FAB_SPN_CLIENT_SECRET" --tenant "$FAB_TENANT_ID" > /dev/null
control PATCH settings '{"pace": "instant"}'
control PUT gateways '{"value": [{"type": "OnPremises", "displayName": "cluster"}]}'
capacity=$(fab ls .capacities | sed -n 1p | tr -d '\r ')
fab create jobs.Workspace -P "capacityName=${capacity%.Capacity}" > /dev/null
fab create jobs.Workspace/flow.DataPipeline > /dev/null
pipeline=jobs.Workspace/flow.DataPipeline
prints completed fab job run "$pipeline" --timeout 30
prints Complete fab job run-list "$pipeline"
prints created fab job run-sch "$pipeline" --type cron --interval 10 --start 2031-01-01T00:00:00 --end 2041-01-01T00:00:00 --enable
prints "'interv" fab job run-list "$pipeline" --schedule
echo "ok fab, jobs"
prints cluster.Gateway fab ls .gateways
prints Active fab api -X get capacities -q 'text.value[0].state'
prints "The Type field is required." fab api -X post gateways -i '{}'
echo "ok fab, lists and requests"
for list in .domains jobs.Workspace/.sparkpools jobs.Workspace/.managedprivateendpoints; do
  fab ls "$list" > /dev/null
  echo "ok fab ls $list"
done
