// There so that Go, looking into Debian's /usr/share/gocode, understands the "/v5" of a name.
module go_git
