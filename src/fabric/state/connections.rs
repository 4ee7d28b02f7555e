//! Connections and gateways, with the indexes of their names.

use crate::fabric::connection::Connection;
use crate::fabric::gateway::Gateway;
use crate::fabric::name::Folded;
use crate::fabric::ordered::Ordered;
use crate::fabric::principal::Principal;
use crate::fabric::{ErrorCode, FabricError, State};
use crate::ids::{ConnectionId, GatewayId};

impl State {
    /// Returns the connections, in order of creation.
    pub fn connections(&self) -> &Ordered<ConnectionId, Connection> {
        &self.connections
    }

    /// Returns a connection. Rejects callers without a role in the connection who do not administer its gateway either.
    pub fn connection(&self, id: ConnectionId, caller: &Principal) -> Result<&Connection, FabricError> {
        let found = self.connections.get(&id);
        let found = found.filter(|connection| self.connection_role(connection, caller.id).is_some());
        found.ok_or_else(|| FabricError::new(ErrorCode::EntityNotFound).about("Connection", id))
    }

    /// Returns a connection, without a check of roles.
    pub fn find_connection(&self, id: ConnectionId) -> Option<&Connection> {
        self.connections.get(&id)
    }

    /// Returns the id of the connection with this name.
    pub fn connection_named(&self, name: &Folded) -> Option<ConnectionId> {
        self.connection_names.get(name).copied()
    }

    pub(super) fn create_connection(&mut self, connection: Connection) {
        self.counts.connections += 1;
        self.add_connection(connection);
    }

    /// Adds a connection, or replaces the connection with the same id.
    pub(super) fn declare_connection(&mut self, connection: Connection) {
        match self.connections.contains(&connection.id) {
            true => self.update_connection(connection),
            false => self.add_connection(connection),
        }
    }

    fn add_connection(&mut self, connection: Connection) {
        self.connection_names.insert(Folded::new(&connection.display_name), connection.id);
        self.connections.insert(connection.id, connection);
    }

    pub(super) fn update_connection(&mut self, connection: Connection) {
        if let Some(before) = self.connections.get_mut(&connection.id) {
            self.connection_names.remove(&Folded::new(&before.display_name));
            self.connection_names.insert(Folded::new(&connection.display_name), connection.id);
            *before = connection;
        }
    }

    pub(super) fn delete_connection(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.remove(&id) {
            self.connection_names.remove(&Folded::new(&connection.display_name));
        }
    }
}

/// Gateways.
impl State {
    /// Returns the gateways, in order of creation.
    pub fn gateways(&self) -> &Ordered<GatewayId, Gateway> {
        &self.gateways
    }

    /// Returns a gateway, without a check of roles.
    pub fn find_gateway(&self, id: GatewayId) -> Option<&Gateway> {
        self.gateways.get(&id)
    }

    /// Returns the id of the gateway with this name.
    pub fn gateway_named(&self, name: &Folded) -> Option<GatewayId> {
        self.gateway_names.get(name).copied()
    }

    pub(super) fn create_gateway(&mut self, gateway: Gateway) {
        self.counts.gateways = self.counts.gateways.wrapping_add(1);
        self.put_gateway(gateway);
    }

    /// Adds gateways, or replaces the gateways with the same ids. `drawn` is the number of ids that the decision
    /// consumed.
    pub(super) fn declare_gateways(&mut self, gateways: Vec<Gateway>, drawn: u64) {
        self.counts.gateways = self.counts.gateways.wrapping_add(drawn);
        gateways.into_iter().for_each(|gateway| self.put_gateway(gateway));
    }

    /// Adds a gateway, or replaces the gateway with the same id.
    pub(super) fn put_gateway(&mut self, gateway: Gateway) {
        if let Some(before) = self.gateways.get(&gateway.id).and_then(Gateway::display_name) {
            self.gateway_names.remove(&Folded::new(before));
        }
        if let Some(name) = gateway.display_name() {
            self.gateway_names.insert(Folded::new(name), gateway.id);
        }
        match self.gateways.get_mut(&gateway.id) {
            Some(before) => *before = gateway,
            None => self.gateways.insert(gateway.id, gateway),
        }
    }

    pub(super) fn delete_gateway(&mut self, id: GatewayId) {
        if let Some(name) = self.gateways.remove(&id).as_ref().and_then(Gateway::display_name) {
            self.gateway_names.remove(&Folded::new(name));
        }
    }
}
