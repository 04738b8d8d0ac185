// A Vault for tests: HashiCorp's own core and HTTP API over memory, unsealed, with one root token. Of the
// engines it has what Nimbus speaks of (key-value, PostgreSQL's logins; AppRole, Kubernetes): the whole command,
// with every cloud's plugins, takes a machine of two cores more than half an hour to build.
//
//	vault 127.0.0.1:8200 ROOT-TOKEN
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/hashicorp/go-hclog"
	kubernetes "github.com/hashicorp/vault-plugin-auth-kubernetes"
	kv "github.com/hashicorp/vault-plugin-secrets-kv"
	"github.com/hashicorp/vault/builtin/credential/approle"
	"github.com/hashicorp/vault/builtin/logical/database"
	"github.com/hashicorp/vault/helper/namespace"
	vaulthttp "github.com/hashicorp/vault/http"
	"github.com/hashicorp/vault/internalshared/configutil"
	"github.com/hashicorp/vault/plugins/database/postgresql"
	"github.com/hashicorp/vault/sdk/helper/consts"
	"github.com/hashicorp/vault/sdk/helper/logging"
	"github.com/hashicorp/vault/sdk/logical"
	"github.com/hashicorp/vault/sdk/physical/inmem"
	"github.com/hashicorp/vault/vault"
)

const postgres = "postgresql-database-plugin"

// builtins is what the core asks for plugins that are linked in: of databases the one.
type builtins struct{}

func (builtins) Contains(name string, kind consts.PluginType) bool {
	return kind == consts.PluginTypeDatabase && name == postgres
}

func (b builtins) Get(name string, kind consts.PluginType) (func() (interface{}, error), bool) {
	return postgresql.New, b.Contains(name, kind)
}

func (builtins) Keys(kind consts.PluginType) []string {
	if kind == consts.PluginTypeDatabase {
		return []string{postgres}
	}
	return nil
}

func (b builtins) DeprecationStatus(name string, kind consts.PluginType) (consts.DeprecationStatus, bool) {
	return consts.Supported, b.Contains(name, kind)
}

func (builtins) IsBuiltinEntPlugin(string, consts.PluginType) bool {
	return false
}

func newCore() (*vault.Core, error) {
	logger := logging.NewVaultLogger(hclog.Warn)
	store, err := inmem.NewInmem(nil, logger)
	if err != nil {
		return nil, err
	}
	return vault.NewCore(&vault.CoreConfig{
		Physical:        store,
		Logger:          logger,
		DisableMlock:    true,
		BuiltinRegistry: builtins{},
		LogicalBackends: map[string]logical.Factory{"kv": kv.Factory, "database": database.Factory},
		CredentialBackends: map[string]logical.Factory{
			"approle": approle.Factory, "kubernetes": kubernetes.Factory},
	})
}

// unseal makes the core's keys, opens it with them and returns its first root token.
func unseal(ctx context.Context, core *vault.Core) (string, error) {
	made, err := core.Initialize(ctx, &vault.InitParams{
		BarrierConfig:  &vault.SealConfig{SecretShares: 1, SecretThreshold: 1, StoredShares: 1},
		RecoveryConfig: &vault.SealConfig{},
	})
	if err != nil {
		return "", err
	}
	for _, share := range made.SecretShares {
		if _, err := core.Unseal(share); err != nil {
			return "", err
		}
	}
	if core.Sealed() {
		return "", fmt.Errorf("it stays sealed")
	}
	return made.RootToken, nil
}

func ask(ctx context.Context, core *vault.Core, token, path string, data map[string]interface{}) error {
	answer, err := core.HandleRequest(ctx, &logical.Request{
		Operation: logical.UpdateOperation, ClientToken: token, Path: path, Data: data})
	if err == nil && answer.IsError() {
		err = answer.Error()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// serve listens only when all is ready: whoever waits for the port need not ask anything else.
func serve(address, token string) error {
	ctx := namespace.RootContext(context.Background())
	core, err := newCore()
	if err != nil {
		return err
	}
	first, err := unseal(ctx, core)
	if err != nil {
		return err
	}
	err = ask(ctx, core, first, "auth/token/create",
		map[string]interface{}{"id": token, "policies": []string{"root"}, "no_parent": true})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	handler := vaulthttp.Handler.Handler(
		&vault.HandlerProperties{Core: core, ListenerConfig: &configutil.Listener{}})
	return http.Serve(listener, handler)
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: vault ADDRESS ROOT-TOKEN")
		os.Exit(2)
	}
	fmt.Fprintln(os.Stderr, serve(os.Args[1], os.Args[2]))
	os.Exit(1)
}
