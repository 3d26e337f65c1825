// SPDX-License-Identifier: Apache-2.0
#ifndef QT_SHM_RING_HPP
#define QT_SHM_RING_HPP

// C++: broadcast rings of bytes. Part of <qt/shm.hpp>; the rules are in
// <qt/shm/ring.h>.

#include <qt/shm/segment.hpp>
// A struct and a function of one name are two things in C.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
extern "C" {
#include <qt/shm/ring.h>
}
#pragma GCC diagnostic pop

namespace qt::shm {

namespace detail {

// A ring and its one end that this is, which is closed before it.
template <class End, void (*Close)(End *)>
class ring_end : public handle<struct qt_ring, qt_ring_close, qt_ring_obj> {
	using base = handle<struct qt_ring, qt_ring_close, qt_ring_obj>;

public:
	// Bytes that are kept.
	uint64_t limit() const { return qt_ring_limit(c_handle()); }
	End *c_end() const noexcept { return end_.get(); }
	void close() noexcept
	{
		end_.reset();
		base::close();
	}

	ring_end(ring_end &&o) noexcept = default;
	ring_end &operator=(ring_end &&o) noexcept
	{
		end_ = std::move(o.end_);
		base::operator=(std::move(o));
		return *this;
	}

protected:
	template <class Open>
	ring_end(const segment &seg, const std::string &name, Open open)
	    : base(seg, name, [&](struct qt_seg *s, struct qt_ring **out,
	      struct qt_err *err) {
		return qt_ring_open(s, name.c_str(), out, err);
	})
	{
		struct qt_err err = QT_ERR_INIT;
		End *end = nullptr;

		check(open(c_handle(), &end, &err), err, name);
		end_.reset(end);
	}
	~ring_end() = default;

private:
	struct closer {
		void operator()(End *e) const noexcept { Close(e); }
	};
	std::unique_ptr<End, closer> end_;
};

} // namespace detail

// The one that writes, and one thread of it.
class ring_writer : public detail::ring_end<struct qt_ring_writer,
    qt_ring_writer_close> {
public:
	// limit: bytes that are kept.
	static ring_writer create(const segment &seg, const std::string &name,
	    uint64_t limit = QT_RING_LIMIT_DEFAULT)
	{
		struct qt_err err = QT_ERR_INIT;

		detail::check(qt_ring_make(seg.get(), name.c_str(), limit,
		    &err), err, name);
		return ring_writer(seg, name);
	}
	// An error of code EBUSY while another is alive; one that died is
	// followed, at the byte where it ended.
	static ring_writer open(const segment &seg, const std::string &name)
	{
		return ring_writer(seg, name);
	}

	// The number of the next byte.
	uint64_t position() const { return qt_ring_writer_head(c_end()); }
	void write(const void *data, size_t len)
	{
		detail::check(qt_ring_write(c_end(), data, len), "write");
	}
	void write(std::string_view data) { write(data.data(), data.size()); }
	// Room in place for 1 to want bytes, of which publish() makes the first
	// so many readable.
	std::pair<void *, size_t> reserve(size_t want)
	{
		void *p = nullptr;
		ssize_t n = qt_ring_reserve(c_end(), want, &p);

		return { p, static_cast<size_t>(detail::check(n, "reserve")) };
	}
	void publish(size_t len) { qt_ring_publish(c_end(), len); }

private:
	ring_writer(const segment &seg, const std::string &name)
	    : ring_end(seg, name, qt_ring_writer) {}
};

// Reads on from a position, at first that of the oldest byte. Nobody waits for
// a reader: what went before it was read is counted by skipped(). One thread.
class ring_reader : public detail::ring_end<struct qt_ring_reader,
    qt_ring_reader_close> {
public:
	static ring_reader open(const segment &seg, const std::string &name)
	{
		return ring_reader(seg, name);
	}

	// The oldest byte's number, and the next one's.
	std::pair<uint64_t, uint64_t> range() const
	{
		uint64_t tail, head;

		qt_ring_range(c_end(), &tail, &head);
		return { tail, head };
	}
	uint64_t position() const noexcept { return position_; }
	void seek(uint64_t position) noexcept { position_ = position; }
	uint64_t skipped() const noexcept { return skipped_; }

	// Whether there is something to read. An error of code QT_EGONE: the
	// ring was erased, and all has been read.
	bool wait(patience p = forever)
	{
		return detail::done(qt_ring_wait(c_handle(), position_,
		    p.deadline()), "wait");
	}
	// The next bytes, up to max of them; empty when there are none yet.
	std::string read(size_t max = 65536)
	{
		std::string out(max, '\0');

		out.resize(read(out.data(), max));
		return out;
	}
	size_t read(void *out, size_t size)
	{
		ssize_t n;

		while ((n = qt_ring_read(c_end(), position_, out, size)) ==
		    -QT_ELAPPED) {
			uint64_t tail = range().first;

			skipped_ += tail - position_;
			position_ = tail;
		}
		detail::check(n, "read");
		position_ += static_cast<uint64_t>(n);
		return static_cast<size_t>(n);
	}

private:
	ring_reader(const segment &seg, const std::string &name)
	    : ring_end(seg, name, [](struct qt_ring *ring,
	      struct qt_ring_reader **out, struct qt_err *err) {
		return qt_ring_reader(ring, out, err);
	}) { position_ = range().first; }

	uint64_t position_ = 0, skipped_ = 0;
};

} // namespace qt::shm

#endif // QT_SHM_RING_HPP
