// Package identity is who calls the resource manager: a token issuer with one tenant and
// its clients, and the certificate authority of the server's own TLS. What a caller may
// do is decided in internal/access.
//
// [Service] answers the paths of an OpenID Connect issuer as Microsoft Entra does, as
// far as client credentials need it, so that unmodified SDKs get tokens from it;
// and verifies the tokens (arm.Authenticator). [Authority] makes and renews the server's certificate.
//
// What is kept: the issuer's keys, the authority's key and the clients, all sealed as
// settings of the control database. Of a client's secret there is only a hash
// (argon2id); the secret itself leaves the package once, from the call that makes it,
// and never stands in a log or an error.
package identity
