# Plain curl with Microsoft's own addresses: a token, a workspace, a SQL database, its mirroring stopped and started.
set -euo pipefail
fabric=https://api.fabric.microsoft.com/v1
pick() { python3 -c "import json, sys; print(json.load(sys.stdin)$1)"; }
ask() { curl --silent --show-error --fail-with-body "$@"; }

token=$(ask "https://login.microsoftonline.com/$AZURE_TENANT_ID/oauth2/v2.0/token" -d grant_type=client_credentials \
  -d "client_id=$AZURE_CLIENT_ID" -d "client_secret=$AZURE_CLIENT_SECRET" -d scope=https://api.fabric.microsoft.com/.default |
  pick "['access_token']")
call() { ask -H "Authorization: Bearer $token" -H 'Content-Type: application/json' "$@"; }

capacity=$(call "$fabric/capacities" | pick "['value'][0]['id']")
workspace=$(call "$fabric/workspaces" -d "{\"displayName\": \"w\", \"capacityId\": \"$capacity\"}" | pick "['id']")
operation=$(call --dump-header - --output /dev/null "$fabric/workspaces/$workspace/sqlDatabases" -d '{"displayName": "db"}' |
  tr -d '\r' | sed -n 's/^location: //p')
case $operation in "$fabric/operations/"*) ;; *) echo "Location is $operation" >&2; exit 1 ;; esac
until [ "$(call "$operation" | pick "['status']")" = Succeeded ]; do sleep 0.2; done
database=$fabric/workspaces/$workspace/sqlDatabases/$(call "$operation/result" | pick "['id']")
call -X POST "$database/stopMirroring"
call -X POST "$database/startMirroring"
echo "ok curl"
