/* libgcc includes this header; this target adds nothing to it */
