// Package confine locks a process in that runs what is not ours, so that the policy of
// the networks is not something that it can walk around.
//
// The parent gives the command to [Prepare] and starts it: in user, network, mount,
// process and IPC namespaces of its own, of which the network has no interface that is
// up. Its environment, its memory and its pipes are the parent's business. The process
// calls [Enter] before it takes anything in that it does not trust. After that it has
//
//   - no network, not even a way to make a socket, of whatever family;
//   - an empty root that cannot be written, so no files, devices or sockets of the host,
//     and no other process to see;
//   - no descriptor that came by inheritance but the standard three;
//   - no capability, no way to get one, no other program and no child process.
//
// The first wall is the namespaces; a system call filter is the second one, for what
// namespaces do not divide: sockets of virtual machines, kernel cryptography and the
// like. A parent that is root makes its children nobody. The rest, such as limits of
// memory and time, is not here.
//
// Where the system refuses a part, Start of the command or Enter fails and says which:
// nothing is silently weaker. Only Linux has it.
package confine
