// Classes with virtual functions, static objects with destructors, and one that is made at the first call.
#include "module_api.h"

namespace {

class Shape {
public:
    virtual ~Shape() = default;
    virtual int32_t area() const = 0;
};

class Square : public Shape {
public:
    explicit Square(int32_t side) : side_(side) {}
    int32_t area() const override
    {
        return side_ * side_;
    }

private:
    int32_t side_;
};

class Oblong : public Shape {
public:
    Oblong(int32_t width, int32_t height) : width_(width), height_(height) {}
    int32_t area() const override
    {
        return width_ * height_;
    }

private:
    int32_t width_;
    int32_t height_;
};

class Named {
public:
    Named(const char *made, const char *gone) : gone_(gone)
    {
        firmware_note(made);
    }
    ~Named()
    {
        firmware_note(gone_);
    }

private:
    const char *gone_;
};

int32_t computed = firmware_add(30, 5); // when the module is loaded
Named first("first made", "first gone");
Square square(2);
Shape *owned = new Oblong(1, 4);
Shape *const shapes[] = {&square, owned};

struct Owner {
    ~Owner()
    {
        delete owned;
    }
} owner;

Named last("last made", "last gone");

}

extern "C" int32_t answer()
{
    static Named once("once made", "once gone");
    int32_t sum = computed;
    for (const Shape *shape : shapes) {
        sum += shape->area();
    }
    return sum; // 43
}
