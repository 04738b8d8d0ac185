// clone|fetch|push as tests/wire/test_clients.py asks for them, by go-git (Debian's golang-github-go-git-go-git-dev).
package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing/transport/http"
)

func do(verb, url, path string, auth *http.BasicAuth, what []string) error {
	if verb == "clone" {
		options := &git.CloneOptions{URL: url, Auth: auth}
		if len(what) > 0 {
			options.Depth, _ = strconv.Atoi(what[0])
		}
		_, err := git.PlainClone(path, false, options)
		return err
	}
	repository, err := git.PlainOpen(path)
	if err != nil {
		return err
	}
	if verb == "push" {
		options := &git.PushOptions{Auth: auth}
		for _, spec := range what {
			options.RefSpecs = append(options.RefSpecs, config.RefSpec(spec))
		}
		return repository.Push(options)
	}
	tree, err := repository.Worktree()
	if err != nil {
		return err
	}
	return tree.Pull(&git.PullOptions{Auth: auth})
}

func main() {
	verb, url, path := os.Args[1], os.Args[2], os.Args[3]
	auth := &http.BasicAuth{Username: os.Args[4], Password: os.Args[5]}
	err := do(verb, url, path, auth, os.Args[6:])
	if err != nil && !errors.Is(err, git.NoErrAlreadyUpToDate) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
