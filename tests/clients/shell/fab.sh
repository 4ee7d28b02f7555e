# The Fabric CLI: every way to sign in, then the life of a mirrored database.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
control() { curl --silent --show-error --fail-with-body -X "$1" "$SPECULARITE_URL/_emulator/$2" -d "${3:-}" > /dev/null; }
# Runs a command and checks that its output contains a text.
prints() { local wanted=$1 told; shift; told=$("$@" 2>&1) || { echo "$told" >&2; return 1; }
  grep -qF -- "$wanted" <<< "$told" || { echo "\`$*\` printed no \"$wanted\": $told" >&2; return 1; }; }
without() { env -u FAB_TENANT_ID -u FAB_SPN_CLIENT_ID -u FAB_SPN_CLIENT_SECRET "$@"; }

user=$("$SPECULARITE" token)
storage=$("$SPECULARITE" token --scope https://storage.azure.com/.default)
prints admin@specularite.example without env FAB_TOKEN="$user" FAB_TOKEN_ONELAKE="$storage" fab auth status
prints Personal without env FAB_TOKEN="$user" FAB_TOKEN_ONELAKE="$storage" fab ls
echo "ok fab, tokens"
fab auth logout > /dev/null
env -u FAB_SPN_CLIENT_SECRET FAB_SPN_FEDERATED_TOKEN=any fab ls
echo "ok fab, federated token"
fab auth logout > /dev/null
without env FAB_MANAGED_IDENTITY=true fab ls
fab auth logout > /dev/null
without env -u IDENTITY_ENDPOINT -u IDENTITY_HEADER FAB_MANAGED_IDENTITY=true fab ls
echo "ok fab, managed identity"
fab auth logout > /dev/null
without python "$here/interactive.py"
prints admin@specularite.example without fab auth status
echo "ok fab, browser"
fab auth logout > /dev/null
fab auth login -u "$FAB_SPN_CLIENT_ID" -p "$FAB_SPN_CLIENT_SECRET" --tenant "$FAB_TENANT_ID" > /dev/null
prints "Logged In: True" fab auth status
echo "ok fab, service principal"

capacity=$(fab ls .capacities | sed -n 1p | tr -d '\r ')
fab create sales.Workspace -P "capacityName=${capacity%.Capacity}" > /dev/null
fab create sales.Workspace/europe.Folder > /dev/null
prints created fab create sales.Workspace/europe.Folder/open.MirroredDatabase
connection=$(fab create .connections/sql.Connection -P connectionDetails.type=SQL,connectionDetails.parameters.server=s,connectionDetails.parameters.database=d,credentialDetails.type=Basic,credentialDetails.username=u,credentialDetails.password=p > /dev/null
  fab get -f .connections/sql.Connection -q id | tr -d '\r ')
prints created fab create sales.Workspace/orders.MirroredDatabase -P "mirrorType=azuresql,connectionId=$connection,defaultSchema=dbo,database=d"
mirror=sales.Workspace/orders.MirroredDatabase
# One list of items per window: the next one is answered with 429, and the client waits.
control PATCH settings '{"limits": {"Items_ListItems": 1}}'
prints orders.MirroredDatabase fab ls sales.Workspace
prints created fab create sales.Workspace/db.SQLDatabase
control PATCH settings '{"limits": {"Items_ListItems": null}}'
prints Success fab get -f "$mirror" -q properties
fab start -f "$mirror" > /dev/null
id=$(fab get -f "$mirror" -q id 2> /dev/null | tr -d '\r ')
control POST clock/advance "{\"until\": {\"mirroredDatabase\": \"$id\", \"status\": \"Running\"}}"
prints Running fab get -f "$mirror" -q status
fab stop -f "$mirror" > /dev/null
fab set "$mirror" -q displayName -i archive -f > /dev/null
mirror=sales.Workspace/archive.MirroredDatabase
folder=$(mktemp -d)
fab export "$mirror" -o "$folder" -f > /dev/null
test -s "$folder/archive.MirroredDatabase/mirroring.json"
fab import sales.Workspace/copy.MirroredDatabase -i "$folder/archive.MirroredDatabase" -f > /dev/null
fab import "$mirror" -i "$folder/archive.MirroredDatabase" -f > /dev/null
fab create other.Workspace -P capacityName=none > /dev/null
fab assign ".capacities/$capacity" -W other.Workspace -f > /dev/null
fab cp "$mirror" other.Workspace -f > /dev/null
prints archive.MirroredDatabase fab ls other.Workspace
friend=00000000-0000-4000-8000-00000000f00d
control PUT principals "{\"value\": [{\"id\": \"$friend\", \"type\": \"User\"}]}"
fab acl set sales.Workspace -I "$friend" -R viewer -f > /dev/null
prints Viewer fab acl ls -l sales.Workspace
prints '"status_code": 200' fab api workspaces
prints '"status_code": 404' fab api "workspaces/$friend"
fab rm "$mirror" -f > /dev/null
fab rm sales.Workspace/copy.MirroredDatabase -f --hard > /dev/null
fab rm sales.Workspace -f > /dev/null
fab rm other.Workspace -f > /dev/null
fab ls | { ! grep -F Workspace; }
echo "ok fab, the life of a mirrored database"
