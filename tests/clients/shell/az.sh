# The Azure CLI: every way to sign in, tokens for Fabric, and Fabric by `az rest`.
set -euo pipefail
fabric=https://api.fabric.microsoft.com
signed_in() {
  az account get-access-token --resource "$fabric" --output json | grep -q accessToken
  az rest --resource "$fabric" --url "$fabric/v1/workspaces" | grep -q '"value"'
  echo "ok az, $1"
  az logout 2>/dev/null || az account clear
}

az login --service-principal -u "$AZURE_CLIENT_ID" -p any --tenant "$AZURE_TENANT_ID" --allow-no-subscriptions --output none
signed_in "service principal"
az login --service-principal -u "$AZURE_CLIENT_ID" --federated-token any --tenant "$AZURE_TENANT_ID" --allow-no-subscriptions --output none
signed_in "federated token"
az login --identity --allow-no-subscriptions --output none
signed_in "managed identity"
az login --use-device-code --allow-no-subscriptions --output none 2>/dev/null
signed_in "device code"
az login --allow-no-subscriptions --output none 2>/dev/null
signed_in "browser"

# Without the proxy, the emulator is registered as a cloud.
unset HTTPS_PROXY https_proxy HTTP_PROXY http_proxy
own=${SPECULARITE_URL/http:\/\/127.0.0.1/https:\/\/localhost}
export AZURE_CORE_INSTANCE_DISCOVERY=false
az cloud register -n Specularite --endpoint-resource-manager "$own" --output none
az cloud set -n Specularite --output none
az login --service-principal -u "$AZURE_CLIENT_ID" -p any --tenant "$AZURE_TENANT_ID" --allow-no-subscriptions --output none
az rest --resource "$fabric" --url "$own/v1/workspaces" | grep -q '"value"'
echo "ok az, as a cloud"
