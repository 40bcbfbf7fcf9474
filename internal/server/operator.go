package server

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Operator is the server's first client: what Isle's own commands and a script need
// to call it. It is kept in operator.json in the data folder, readable by the owner
// only; the server itself keeps a hash of the secret.
type Operator struct {
	Endpoint       string `json:"endpoint"`  // of the resource manager, an https URL without a slash at its end
	Authority      string `json:"authority"` // of the token issuer, likewise
	CAFile         string `json:"caFile"`
	TenantID       string `json:"tenantId"`
	SubscriptionID string `json:"subscriptionId"`
	ClientID       string `json:"clientId"`
	ClientSecret   string `json:"clientSecret"`

	// Address is host:port of the server as this machine reaches it, where Isle's own
	// commands connect: a public URL need not lead here from here.
	Address string `json:"-"`
}

// storedOperator is what operator.json holds.
type storedOperator struct {
	Operator
	Address string `json:"address"`
}

// OperatorFile is the name of the operator's file in the data folder.
const OperatorFile = "operator.json"

// ReadOperator reads the operator of a data folder. The error is fs.ErrNotExist when
// no server has run there yet.
func ReadOperator(data string) (Operator, error) {
	content, err := os.ReadFile(filepath.Join(data, OperatorFile))
	if err != nil {
		return Operator{}, err
	}
	var stored storedOperator
	if err := json.Unmarshal(content, &stored); err != nil {
		return Operator{}, fmt.Errorf("%s is damaged (delete it, and the next start of the server makes a new secret): %w", filepath.Join(data, OperatorFile), err)
	}
	o := stored.Operator
	o.Address = stored.Address
	return o, nil
}

// writeOperator replaces the file as a whole, so that a reader never sees half of it.
func writeOperator(data string, o Operator) error {
	content, err := json.MarshalIndent(storedOperator{o, o.Address}, "", "  ")
	if err != nil {
		return err
	}
	name := filepath.Join(data, OperatorFile)
	next := name + ".next"
	if err := os.WriteFile(next, append(content, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(next, name)
}
