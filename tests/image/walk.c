/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads a checkpoint image with nothing but its header: what a program that is not ttysim does. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include "tty_checkpoint.h"

static _Alignas(TTY_CKPT_ALIGN) __u8 image[1 << 20];

static unsigned long get(const void *at, int bytes)
{
	const __u8 *p = at;
	unsigned long value = 0;

	while (bytes--)
		value = value << 8 | p[bytes];
	return value;
}

static unsigned long crc32(const __u8 *p, unsigned long n)
{
	unsigned long crc = 0xffffffff;

	while (n--) {
		crc ^= *p++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return crc ^ 0xffffffff;
}

static int fail(const char *why)
{
	printf("refused: %s\n", why);
	return 2;
}

static void flip(const __u8 *p)
{
	const struct tty_ckpt_flip *chain = (const void *)p;
	unsigned long n = get(&chain->nr_buffers, 4);

	p += sizeof(*chain);
	while (n--) {
		const struct tty_ckpt_flip_buffer *b = (const void *)p;
		unsigned long chars = get(&b->used, 4) - get(&b->read, 4);
		unsigned long bytes = get(&b->bits, 4) & TTY_CKPT_FLIP_FLAGS ? 2 * chars : chars;

		printf("    buffer of %lu: %lu characters, %lu committed\n", get(&b->size, 4), chars,
		       get(&b->commit, 4));
		p += sizeof(*b) + (bytes + TTY_CKPT_ALIGN - 1) / TTY_CKPT_ALIGN * TTY_CKPT_ALIGN;
	}
}

static void show(const struct tty_ckpt_section *s, const __u8 *body)
{
	unsigned long kind = get(&s->kind, 2), size = get(&s->size, 4);

	printf("  end %d kind %lu%s: %lu bytes\n", s->end, kind,
	       s->flags & TTY_CKPT_REQUIRED ? "" : " (optional)", size);
	switch (kind) {
	case TTY_CKPT_KIND_READ_BUF:
		for (unsigned long i = 0; i < size; i++)
			printf("%s%02x", i ? " " : "    ", body[i]);
		puts(size ? "" : "    nothing");
		break;
	case TTY_CKPT_KIND_N_TTY: {
		const struct tty_ckpt_n_tty *n = (const void *)body;

		printf("    read_tail %lu, read_head %lu more, column %lu%s\n", get(&n->read_tail, 4),
		       get(&n->read_head, 8), get(&n->column, 4),
		       get(&n->bits, 4) & TTY_CKPT_N_TTY_ICANON ? ", in lines" : "");
		break;
	}
	case TTY_CKPT_KIND_FLIP:
		flip(body);
		break;
	}
}

int main(int argc, char **argv)
{
	struct tty_ckpt_header h;
	FILE *f = argc == 2 ? fopen(argv[1], "rb") : NULL;
	unsigned long size, at = sizeof(h), n;

	if (!f)
		return fail("no file");
	size = fread(image, 1, sizeof(image), f);
	fclose(f);
	if (size < sizeof(h))
		return fail("shorter than its header");
	memcpy(&h, image, sizeof(h));
	if (memcmp(h.magic, TTY_CKPT_MAGIC, sizeof(h.magic)))
		return fail("no magic");
	if (get(&h.major, 2) != TTY_CKPT_MAJOR)
		return fail("another version");
	if (get(&h.size, 4) != size)
		return fail("another length");
	memset(image + offsetof(struct tty_ckpt_header, crc32), 0, sizeof(h.crc32));
	if (get(&h.crc32, 4) != crc32(image, size))
		return fail("another checksum");
	n = get(&h.nr_sections, 4);
	printf("version %lu.%lu, %lu sections\n", get(&h.major, 2), get(&h.minor, 2), n);
	while (n--) {
		struct tty_ckpt_section s;
		unsigned long body = at + sizeof(s);

		if (size - at < sizeof(s))
			return fail("a section is cut off");
		memcpy(&s, image + at, sizeof(s));
		if (size - body < get(&s.size, 4))
			return fail("a section's content is cut off");
		show(&s, image + body);
		at = body + (get(&s.size, 4) + TTY_CKPT_ALIGN - 1) / TTY_CKPT_ALIGN * TTY_CKPT_ALIGN;
	}
	return at == size ? 0 : fail("something is behind the last section");
}
