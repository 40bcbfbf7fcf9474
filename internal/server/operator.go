package server

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Operator is the server's first client, what Isle's own commands and a script need to
// call it, and its first person, who signs in to the portal. It is kept in operator.json in the data folder, readable by the owner
// only; the server itself keeps hashes of secret and password.
type Operator struct {
	Endpoint       string `json:"endpoint"`  // of the resource manager, an https URL without a slash at its end
	Authority      string `json:"authority"` // of the token issuer, likewise
	CAFile         string `json:"caFile"`
	TenantID       string `json:"tenantId"`
	SubscriptionID string `json:"subscriptionId"`
	ClientID       string `json:"clientId"`
	ClientSecret   string `json:"clientSecret"`

	// UserName and Password are of the first person, "" when the password was changed
	// since, or when the folder is of a server that made none.
	UserName string `json:"userName,omitempty"`
	Password string `json:"password,omitempty"`

	// Address is host:port of the server as this machine reaches it, where Isle's own
	// commands connect: a public URL need not lead here from here.
	Address string `json:"-"`
}

// storedOperator is what operator.json holds.
type storedOperator struct {
	Operator
	Address     string    `json:"address"`
	PasswordSet time.Time `json:"passwordSet,omitzero"`
}

// OperatorFile is the name of the operator's file in the data folder.
const OperatorFile = "operator.json"

// ReadOperator reads the operator of a data folder. The error is fs.ErrNotExist when
// no server has run there yet.
func ReadOperator(data string) (Operator, error) {
	stored, err := readOperatorFile(data)
	o := stored.Operator
	o.Address = stored.Address
	return o, err
}

func readOperatorFile(data string) (stored storedOperator, err error) {
	content, err := os.ReadFile(filepath.Join(data, OperatorFile))
	if err != nil {
		return storedOperator{}, err
	}
	if err := json.Unmarshal(content, &stored); err != nil {
		return storedOperator{}, fmt.Errorf("%s is damaged (delete it, and the next start of the server makes a new secret): %w", filepath.Join(data, OperatorFile), err)
	}
	return stored, nil
}

// writeOperator replaces the file as a whole, so that a reader never sees half of it.
func writeOperator(data string, o storedOperator) error {
	content, err := json.MarshalIndent(o, "", "  ")
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
