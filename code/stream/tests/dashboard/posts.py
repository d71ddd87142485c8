"""What strangers may post."""

EVIL = '<img src=x onerror="document.title=\'pwned\'"><script>document.title="pwned"</script>'
