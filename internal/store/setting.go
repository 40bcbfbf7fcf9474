package store

import (
	"database/sql/driver"
	"fmt"
)

// Setting reads a sealed value of the control database; ErrNotFound if there is none.
func (tx *Tx) Setting(name string) (value []byte, err error) {
	err = tx.one(`SELECT payload FROM settings WHERE name = ?`, func(v []driver.Value) (err error) {
		value, err = tx.open(v[0], "settings", name)
		return err
	}, name)
	if err != nil && err != ErrNotFound {
		return nil, fmt.Errorf("setting %s: %w", name, err)
	}
	return value, err
}

// PutSetting stores a value under a name; the name is not sealed.
func (tx *Tx) PutSetting(name string, value []byte) error {
	_, err := tx.exec(`INSERT INTO settings (name, payload) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET payload = excluded.payload`,
		name, tx.seal(value, "settings", name))
	return err
}

// DeleteSetting deletes a value; ErrNotFound if there is none.
func (tx *Tx) DeleteSetting(name string) error {
	n, err := tx.exec(`DELETE FROM settings WHERE name = ?`, name)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// Settings lists the names that begin with prefix, sorted.
func (tx *Tx) Settings(prefix string) ([]string, error) {
	var names []string
	err := tx.query(`SELECT name FROM settings WHERE name >= ? AND name < ? ORDER BY name`, func(v []driver.Value) error {
		names = append(names, v[0].(string))
		return nil
	}, prefix, prefixEnd(prefix))
	return names, err
}
