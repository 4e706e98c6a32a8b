# Give headings the anchors that they have elsewhere, for the links of the contents:
# ## Quick start  becomes  ## Quick start {#quick-start}
s/^## ([A-Za-z ]+)$/## \1 {#\L\1}/
:dash
s/(\{#[^ ]*) (.*\})/\1-\2/
t dash
