package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

const keySize = 32

// rootKey wraps the data keys of every database. It lives outside the databases.
type rootKey struct {
	path string
	aead cipher.AEAD
}

// readRootKey reads the root key, and makes one if nothing was sealed yet.
func readRootKey(dir string, o Options, fresh bool) (*rootKey, error) {
	path := o.KeyFile
	if path == "" {
		path = filepath.Join(dir, "root.key")
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if !fresh || o.ReadOnly {
			return nil, &KeyError{Path: path, Reason: "is missing, and without it the databases in " + dir + " cannot be read: put the file back", Cause: err}
		}
		text, err = makeRootKey(path)
	}
	if err != nil {
		return nil, &KeyError{Path: path, Reason: "cannot be read: " + err.Error(), Cause: err}
	}
	if info, err := os.Stat(path); err == nil && o.KeyFile == "" && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, &KeyError{Path: path, Reason: fmt.Sprintf("may be read by others (mode %04o): chmod 600 it", info.Mode().Perm())}
	}
	plain, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(plain) != keySize {
		return nil, &KeyError{Path: path, Reason: "is not a key: 64 hexadecimal digits are expected (openssl rand -hex 32)"}
	}
	key, err := newDataKey(0, plain)
	return &rootKey{path: path, aead: key.aead}, err
}

func makeRootKey(path string) ([]byte, error) {
	text := []byte(hex.EncodeToString(randomBytes(keySize)) + "\n")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.Write(text)
	return text, errors.Join(err, f.Sync(), f.Close(), SyncFolder(filepath.Dir(path)))
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return b
}

// seal seals plain for a place: nonce, then the text.
func (k *rootKey) seal(place, plain []byte) []byte {
	nonce := randomBytes(k.aead.NonceSize())
	return k.aead.Seal(nonce, nonce, plain, place)
}

func (k *rootKey) open(place, sealed []byte) ([]byte, error) {
	n := k.aead.NonceSize()
	if len(sealed) < n {
		return nil, ErrCorrupt
	}
	return k.aead.Open(nil, sealed[:n], sealed[n:], place)
}

func (k *rootKey) wrap(database string, id uint32, plain []byte) []byte {
	return k.seal(wrapPlace(database, id), plain)
}

func (k *rootKey) unwrap(database string, id uint32, wrapped []byte) (dataKey, error) {
	plain, err := k.open(wrapPlace(database, id), wrapped)
	if errors.Is(err, ErrCorrupt) {
		return dataKey{}, err
	}
	if err != nil {
		return dataKey{}, &KeyError{Path: k.path, Reason: "is not the key that database " + database + " was sealed with: put that key back", Cause: err}
	}
	return newDataKey(id, plain)
}

func wrapPlace(database string, id uint32) []byte {
	return appendPlace(nil, "keys", database, strconv.FormatUint(uint64(id), 10))
}

// readKeys unwraps all data keys of a database.
func (c *conn) readKeys(root *rootKey, database string) (*sealer, error) {
	s := &sealer{keys: map[uint32]dataKey{}}
	err := c.query(`SELECT id, wrapped FROM keys`, func(v []driver.Value) error {
		key, err := root.unwrap(database, uint32(v[0].(int64)), v[1].([]byte))
		s.keys[key.id] = key
		return err
	})
	return s, err
}

// addKey makes the data key that this process seals with. It runs inside the
// caller's transaction: the key is durable before anything it seals.
func (c *conn) addKey(s *sealer, root *rootKey, database string) error {
	last := uint32(0)
	for id := range s.keys {
		last = max(last, id)
	}
	key, err := newDataKey(last+1, randomBytes(keySize))
	if err != nil {
		return err
	}
	s.keys[key.id], s.current = key, key
	_, err = c.run(`INSERT INTO keys (id, wrapped) VALUES (?, ?)`, int64(key.id), root.wrap(database, key.id, key.plain))
	return err
}

// fileCipher makes a content file's own cipher from the data key and the salt in
// its header.
func (k dataKey) fileCipher(salt []byte, place []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(deriveKey(k.plain, salt, place))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// deriveKey is HMAC-SHA256 over salt and place, each of fixed or last position.
func deriveKey(key, salt, place []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(salt)
	h.Write(place)
	return h.Sum(nil)
}
