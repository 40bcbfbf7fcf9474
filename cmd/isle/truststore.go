package main

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// trustStore is a place where certificates are trusted. Adding what is there, and
// removing what is not, is no error.
type trustStore struct {
	name        string
	browsers    bool // browsers look there
	add, remove func() error
}

// machine is where stores are looked for.
type machine struct {
	system string // as runtime.GOOS
	home   string // of the user
	root   string // of the file system; "" is the real one
}

// trustStores are the stores of a machine, for the certificate in a PEM file.
func trustStores(m machine, caFile string) []trustStore {
	nick := trustName(caFile)
	switch m.system {
	case "darwin":
		keychain := filepath.Join(m.home, "Library", "Keychains", "login.keychain-db")
		return []trustStore{{"the login keychain", true, command("security", "add-trusted-cert", "-r", "trustRoot", "-k", keychain, caFile), command("security", "remove-trusted-cert", caFile)}}
	case "windows":
		return []trustStore{{"the certificate store of the user", true, command("certutil", "-user", "-addstore", "Root", caFile), command("certutil", "-user", "-delstore", "Root", thumbprint(caFile))}}
	}
	return append(systemStores(m, caFile, nick), nssStores(m, caFile, nick)...)
}

// trustName tells the authorities of several servers apart.
func trustName(caFile string) string {
	content, err := os.ReadFile(caFile)
	if err != nil {
		return "isle"
	}
	sum := sha256.Sum256(content)
	return "isle-" + hex.EncodeToString(sum[:4])
}

// thumbprint is what Windows knows a certificate by.
func thumbprint(caFile string) string {
	content, _ := os.ReadFile(caFile) // what cannot be read has no thumbprint, and is not found
	block, _ := pem.Decode(content)
	if block == nil {
		return ""
	}
	sum := sha1.Sum(block.Bytes)
	return hex.EncodeToString(sum[:])
}

// command is a change that a program makes.
func command(name string, args ...string) func() error {
	return func() error {
		out, err := exec.Command(name, args...).CombinedOutput()
		if errors.Is(err, exec.ErrNotFound) {
			return fmt.Errorf("%s is not installed", name)
		}
		if err != nil {
			return fmt.Errorf("%s: %w: %s", shown(append([]string{name}, args...)), err, strings.TrimSpace(string(out)))
		}
		return nil
	}
}

// systemStores are the stores of Linux distributions: a folder of certificates, and the
// program that makes bundles of it.
func systemStores(m machine, caFile, nick string) []trustStore {
	for _, known := range []struct{ folder, program string }{
		{"/usr/local/share/ca-certificates", "update-ca-certificates"},
		{"/etc/pki/ca-trust/source/anchors", "update-ca-trust"},
		{"/etc/ca-certificates/trust-source/anchors", "update-ca-trust"},
	} {
		folder := filepath.Join(m.root, known.folder)
		if info, err := os.Stat(folder); err != nil || !info.IsDir() {
			continue
		}
		file := filepath.Join(folder, nick+".crt")
		update := command(known.program)
		return []trustStore{{
			"the system's store (" + file + ")", false,
			func() error { return errors.Join(copyFile(caFile, file), updateIf(file, true, update)) },
			func() error { return errors.Join(removeFile(file), updateIf(file, false, update)) },
		}}
	}
	return nil
}

// updateIf makes the bundles anew if the file is there, or is not, as it should be.
func updateIf(file string, there bool, update func() error) error {
	if _, err := os.Stat(file); (err == nil) != there {
		return nil // that it could not be changed is told already
	}
	return update()
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return rootOnly(os.WriteFile(to, content, 0o644))
}

func removeFile(name string) error {
	if err := os.Remove(name); !errors.Is(err, os.ErrNotExist) {
		return rootOnly(err)
	}
	return nil
}

func rootOnly(err error) error {
	if errors.Is(err, os.ErrPermission) {
		return errors.New("only root can change it: run this with sudo, and --data with this data folder")
	}
	return err
}

// nssStores are the databases of Chromium and Firefox in a home, which certutil of NSS
// changes.
func nssStores(m machine, caFile, nick string) []trustStore {
	var found []trustStore
	for _, pattern := range []string{".pki/nssdb", "snap/chromium/current/.pki/nssdb", ".mozilla/firefox/*", "snap/firefox/common/.mozilla/firefox/*"} {
		databases, _ := filepath.Glob(filepath.Join(m.home, pattern, "cert9.db")) // the pattern is well formed
		for _, database := range databases {
			folder := filepath.Dir(database)
			in := "sql:" + folder
			remove := command("certutil", "-D", "-d", in, "-n", nick)
			found = append(found, trustStore{
				"the browsers' store in " + folder, true,
				command("certutil", "-A", "-d", in, "-t", "C,,", "-n", nick, "-i", caFile),
				func() error {
					if command("certutil", "-L", "-d", in, "-n", nick)() != nil {
						return command("certutil", "-L", "-d", in)() // it is not there, or nothing can be read
					}
					return remove()
				},
			})
		}
	}
	return found
}
