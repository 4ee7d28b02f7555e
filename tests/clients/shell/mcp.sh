# fabric-mcp creates a mirrored database; the given program lists it.
set -euo pipefail
fabric=https://api.fabric.microsoft.com/v1
pick() { python3 -c "import json, sys; print(json.load(sys.stdin)$1)"; }
token=$("$SPECULARITE" token --app "$AZURE_CLIENT_ID")
call() { curl --silent --show-error --fail-with-body -H "Authorization: Bearer $token" -H 'Content-Type: application/json' "$@"; }
capacity=$(call "$fabric/capacities" | pick "['value'][0]['id']")
workspace=$(call "$fabric/workspaces" -d "{\"displayName\": \"w\", \"capacityId\": \"$capacity\"}" | pick "['id']")
fabmcp-linux-x64 core create-item --workspace-id "$workspace" --display-name by-an-agent --item-type MirroredDatabase > /dev/null 2>&1
echo "fetch and axios list: $(node "$1" "$workspace")"
