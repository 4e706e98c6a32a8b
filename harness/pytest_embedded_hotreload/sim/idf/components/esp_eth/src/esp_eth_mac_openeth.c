// SPDX-License-Identifier: MIT
#include "esp_eth_mac.h"

#include <stdlib.h>
#include <string.h>

#include "esp_eth_spec.h"
#include "esp_intr_alloc.h"
#include "esp_log.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "openeth_regs.h"
#include "soc/interrupts.h"
#include "xtensa/xt_timer.h"

#define RX_COUNT CONFIG_ETH_OPENETH_DMA_RX_BUFFER_NUM
#define TX_COUNT CONFIG_ETH_OPENETH_DMA_TX_BUFFER_NUM
// the longest frame with its checksum, rounded up to words
#define BUFFER_SIZE ((ETH_MAX_PACKET_SIZE + 3) & ~3)
// long enough for the frames that follow a first one
#define HOST_CALL_US 50
// frames go through the whole of TCP/IP in the receive task; ESP-IDF's hand-over to another task needs less
#define RX_TASK_STACK_MIN 4096

static const char *TAG = "openeth";

typedef struct {
    esp_eth_mac_t api;
    esp_eth_mediator_t *mediator;
    intr_handle_t interrupt;
    SemaphoreHandle_t tx_mutex;
    SemaphoreHandle_t rx_mutex; // of the two below
    uint32_t rx_next;
    bool is_receiving;
    TaskHandle_t rx_task;
    SemaphoreHandle_t rx_ended;
    volatile bool is_ending;
    uint32_t tx_next;
    uint8_t address[ETH_ADDR_LEN];
} openeth_t;

// there is one controller; its buffers are static so that the heap's figures are the application's
static uint8_t rx_buffers[RX_COUNT][BUFFER_SIZE] __attribute__((aligned(4)));
static uint8_t tx_buffers[TX_COUNT][BUFFER_SIZE] __attribute__((aligned(4)));
static bool is_in_use;
static eth_openeth_counters_t counters;

static openeth_t *of(esp_eth_mac_t *mac)
{
    return (openeth_t *)mac;
}

static uint32_t rx_descriptor(uint32_t index)
{
    return openeth_descriptor(TX_COUNT + index);
}

static void give_rx_buffer(uint32_t index)
{
    uint32_t wrap = index == RX_COUNT - 1 ? OPENETH_RX_WRAP : 0;
    openeth_write(rx_descriptor(index), OPENETH_RX_EMPTY | OPENETH_RX_IRQ | wrap);
}

static void on_interrupt(void *argument)
{
    openeth_t *eth = argument;
    BaseType_t woken = pdFALSE;
    uint32_t source = openeth_read(OPENETH_INT_SOURCE);

    openeth_write(OPENETH_INT_SOURCE, source);
    if (source & OPENETH_INT_BUSY) {
        counters.ring_full++;
    }
    vTaskNotifyGiveFromISR(eth->rx_task, &woken);
    portYIELD_FROM_ISR(woken);
}

static void receive_frame(openeth_t *eth, uint32_t flags)
{
    uint32_t length = flags >> OPENETH_LENGTH_SHIFT;

    // the length includes the checksum
    if (length >= ETH_HEADER_LEN + ETH_CRC_LEN && length <= BUFFER_SIZE) {
        counters.received++;
        eth->mediator->frame_received(eth->mediator, rx_buffers[eth->rx_next], length - ETH_CRC_LEN);
    }
}

// QEMU hands a sent frame to its user network at once, but that looks at the host's sockets (is there more to
// receive, now that the window is open?) only when QEMU's main loop turns: at the next timer, up to 250 ms later.
// An alarm makes it turn when it is set, and once more when it rings.
static volatile bool is_host_called;

static void on_host_called(void)
{
    is_host_called = false;
}

static void call_host(void)
{
    if (!is_host_called) {
        is_host_called = true;
        xt_alarm_set(XT_ALARM_ETHERNET, xt_timer_cycles() + (uint64_t)HOST_CALL_US * (xt_timer_hz() / 1000000));
    }
}

static void empty_ring(openeth_t *eth)
{
    uint32_t flags;

    while (!((flags = openeth_read(rx_descriptor(eth->rx_next))) & OPENETH_RX_EMPTY)) {
        receive_frame(eth, flags);
        give_rx_buffer(eth->rx_next);
        eth->rx_next = (eth->rx_next + 1) % RX_COUNT;
    }
    eth->mediator->burst_received(eth->mediator);
}

static void rx_task(void *argument)
{
    openeth_t *eth = argument;

    while (!eth->is_ending) {
        ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
        xSemaphoreTake(eth->rx_mutex, portMAX_DELAY);
        // behind a stop the driver above may be gone
        if (eth->is_receiving) {
            empty_ring(eth);
        }
        xSemaphoreGive(eth->rx_mutex);
        // for all that was sent in answer
        call_host();
    }
    xSemaphoreGive(eth->rx_ended);
    vTaskDelete(NULL);
}

// the task may be inside of the stack, with its lock taken: it has to come to its end by itself
static void end_rx_task(openeth_t *eth)
{
    eth->is_ending = true;
    xTaskNotifyGive(eth->rx_task);
    xSemaphoreTake(eth->rx_ended, portMAX_DELAY);
}

static void write_address(const openeth_t *eth)
{
    const uint8_t *a = eth->address;

    openeth_write(OPENETH_MAC_ADDR0, (uint32_t)a[2] << 24 | (uint32_t)a[3] << 16 | (uint32_t)a[4] << 8 | a[5]);
    openeth_write(OPENETH_MAC_ADDR1, (uint32_t)a[0] << 8 | a[1]);
}

static esp_err_t set_mediator(esp_eth_mac_t *mac, esp_eth_mediator_t *mediator)
{
    of(mac)->mediator = mediator;
    return ESP_OK;
}

// the pointer has to be there before the flags hand the buffer over
static void set_up_rings(openeth_t *eth)
{
    openeth_write(OPENETH_TX_BD_NUM, TX_COUNT);
    for (uint32_t i = 0; i < TX_COUNT; i++) {
        openeth_write(openeth_descriptor(i) + 4, (uint32_t)tx_buffers[i]);
        openeth_write(openeth_descriptor(i), 0);
    }
    for (uint32_t i = 0; i < RX_COUNT; i++) {
        openeth_write(rx_descriptor(i) + 4, (uint32_t)rx_buffers[i]);
        give_rx_buffer(i);
    }
    eth->rx_next = 0;
    eth->tx_next = 0;
}

// A reset of QEMU clears the controller's registers but leaves its interrupt line as it was; the line falls only when
// the last pending source is cleared. So make one pending, by a frame to nobody that does not leave the controller.
static void lower_interrupt_line(void)
{
    memset(tx_buffers[0], 0, ETH_HEADER_LEN);
    openeth_write(OPENETH_MODER, OPENETH_MODER_RST);
    openeth_write(OPENETH_INT_MASK, OPENETH_INT_TXB);
    openeth_write(OPENETH_MODER, OPENETH_MODER_LOOPBACK | OPENETH_MODER_TXEN);
    openeth_write(openeth_descriptor(0) + 4, (uint32_t)tx_buffers[0]);
    openeth_write(openeth_descriptor(0),
                  ETH_HEADER_LEN << OPENETH_LENGTH_SHIFT | OPENETH_TX_READY | OPENETH_TX_IRQ | OPENETH_TX_PAD);
    openeth_write(OPENETH_INT_SOURCE, OPENETH_INT_ALL);
    openeth_write(OPENETH_MODER, OPENETH_MODER_RST);
}

static esp_err_t init(esp_eth_mac_t *mac)
{
    openeth_write(OPENETH_MODER, OPENETH_MODER_PAD | OPENETH_MODER_CRCEN);
    write_address(of(mac));
    xt_alarm_set_handler(XT_ALARM_ETHERNET, on_host_called);
    return ESP_OK;
}

// an enabled receiver or transmitter begins with its first descriptor
static esp_err_t start(esp_eth_mac_t *mac)
{
    openeth_t *eth = of(mac);

    xSemaphoreTake(eth->rx_mutex, portMAX_DELAY);
    xSemaphoreTake(eth->tx_mutex, portMAX_DELAY);
    set_up_rings(eth);
    eth->is_receiving = true;
    openeth_write(OPENETH_INT_SOURCE, OPENETH_INT_ALL);
    openeth_write(OPENETH_INT_MASK, OPENETH_INT_RXB | OPENETH_INT_BUSY);
    openeth_write(OPENETH_MODER, openeth_read(OPENETH_MODER) | OPENETH_MODER_RXEN | OPENETH_MODER_TXEN);
    xSemaphoreGive(eth->tx_mutex);
    xSemaphoreGive(eth->rx_mutex);
    return ESP_OK;
}

static esp_err_t stop(esp_eth_mac_t *mac)
{
    openeth_t *eth = of(mac);

    openeth_write(OPENETH_MODER, openeth_read(OPENETH_MODER) & ~(uint32_t)(OPENETH_MODER_RXEN | OPENETH_MODER_TXEN));
    openeth_write(OPENETH_INT_MASK, 0);
    xSemaphoreTake(eth->rx_mutex, portMAX_DELAY);
    eth->is_receiving = false;
    xSemaphoreGive(eth->rx_mutex);
    return ESP_OK;
}

static esp_err_t deinit(esp_eth_mac_t *mac)
{
    return stop(mac);
}

static esp_err_t transmit(esp_eth_mac_t *mac, uint8_t *frame, uint32_t length)
{
    openeth_t *eth = of(mac);
    esp_err_t err = ESP_OK;

    if (length == 0 || length > BUFFER_SIZE - ETH_CRC_LEN) {
        return ESP_ERR_INVALID_SIZE;
    }
    xSemaphoreTake(eth->tx_mutex, portMAX_DELAY);
    uint32_t descriptor = openeth_descriptor(eth->tx_next);
    if (openeth_read(descriptor) & OPENETH_TX_READY) {
        // not while the transmitter is on: QEMU sends a frame during the write that hands it over
        err = ESP_ERR_TIMEOUT;
    } else {
        uint32_t wrap = eth->tx_next == TX_COUNT - 1 ? OPENETH_TX_WRAP : 0;
        memcpy(tx_buffers[eth->tx_next], frame, length);
        openeth_write(descriptor,
                      length << OPENETH_LENGTH_SHIFT | OPENETH_TX_READY | OPENETH_TX_PAD | OPENETH_TX_CRC | wrap);
        eth->tx_next = (eth->tx_next + 1) % TX_COUNT;
        if (xTaskGetCurrentTaskHandle() != eth->rx_task) {
            call_host();
        }
    }
    xSemaphoreGive(eth->tx_mutex);
    return err;
}

static esp_err_t read_phy_reg(esp_eth_mac_t *mac, uint32_t phy_address, uint32_t reg, uint32_t *value)
{
    (void)mac;
    openeth_write(OPENETH_MII_ADDRESS, reg << 8 | phy_address);
    openeth_write(OPENETH_MII_COMMAND, OPENETH_MII_READ);
    *value = openeth_read(OPENETH_MII_RX_DATA) & 0xffff;
    openeth_write(OPENETH_MII_COMMAND, 0);
    return ESP_OK;
}

static esp_err_t write_phy_reg(esp_eth_mac_t *mac, uint32_t phy_address, uint32_t reg, uint32_t value)
{
    (void)mac;
    openeth_write(OPENETH_MII_ADDRESS, reg << 8 | phy_address);
    openeth_write(OPENETH_MII_TX_DATA, value & 0xffff);
    openeth_write(OPENETH_MII_COMMAND, OPENETH_MII_WRITE);
    openeth_write(OPENETH_MII_COMMAND, 0);
    return ESP_OK;
}

static esp_err_t set_addr(esp_eth_mac_t *mac, uint8_t *address)
{
    memcpy(of(mac)->address, address, ETH_ADDR_LEN);
    write_address(of(mac));
    return ESP_OK;
}

static esp_err_t get_addr(esp_eth_mac_t *mac, uint8_t *address)
{
    memcpy(address, of(mac)->address, ETH_ADDR_LEN);
    return ESP_OK;
}

static esp_err_t set_promiscuous(esp_eth_mac_t *mac, bool enable)
{
    (void)mac;
    uint32_t mode = openeth_read(OPENETH_MODER);
    openeth_write(OPENETH_MODER, enable ? mode | OPENETH_MODER_PRO : mode & ~(uint32_t)OPENETH_MODER_PRO);
    return ESP_OK;
}

static esp_err_t del(esp_eth_mac_t *mac)
{
    openeth_t *eth = of(mac);

    if (eth->interrupt) {
        esp_intr_free(eth->interrupt);
    }
    if (eth->rx_task) {
        end_rx_task(eth);
    }
    if (eth->rx_ended) {
        vSemaphoreDelete(eth->rx_ended);
    }
    if (eth->tx_mutex) {
        vSemaphoreDelete(eth->tx_mutex);
    }
    if (eth->rx_mutex) {
        vSemaphoreDelete(eth->rx_mutex);
    }
    free(eth);
    is_in_use = false;
    return ESP_OK;
}

eth_openeth_counters_t esp_eth_mac_openeth_counters(void)
{
    return counters;
}

static bool acquire(openeth_t *eth, const eth_mac_config_t *config)
{
    uint32_t stack = config->rx_task_stack_size > RX_TASK_STACK_MIN ? config->rx_task_stack_size : RX_TASK_STACK_MIN;

    eth->tx_mutex = xSemaphoreCreateMutex();
    eth->rx_mutex = xSemaphoreCreateMutex();
    eth->rx_ended = xSemaphoreCreateBinary();
    return eth->tx_mutex && eth->rx_mutex && eth->rx_ended &&
           xTaskCreate(rx_task, "emac_rx", stack, eth, config->rx_task_prio, &eth->rx_task) == pdPASS &&
           esp_intr_alloc(ETS_ETH_MAC_INTR_SOURCE, 0, on_interrupt, eth, &eth->interrupt) == ESP_OK;
}

esp_eth_mac_t *esp_eth_mac_new_openeth(const eth_mac_config_t *config)
{
    // QEMU's own choice for a first network card; every board has its user network to itself
    static const uint8_t default_address[ETH_ADDR_LEN] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};

    if (!config || is_in_use) {
        ESP_LOGE(TAG, "%s", config ? "the controller is in use" : "no configuration");
        return NULL;
    }
    openeth_t *eth = calloc(1, sizeof(*eth));
    if (!eth) {
        return NULL;
    }
    is_in_use = true;
    memcpy(eth->address, default_address, sizeof(default_address));
    eth->api = (esp_eth_mac_t){
        .set_mediator = set_mediator,
        .init = init,
        .deinit = deinit,
        .start = start,
        .stop = stop,
        .transmit = transmit,
        .read_phy_reg = read_phy_reg,
        .write_phy_reg = write_phy_reg,
        .set_addr = set_addr,
        .get_addr = get_addr,
        .set_promiscuous = set_promiscuous,
        .del = del,
    };
    lower_interrupt_line();
    if (!acquire(eth, config)) {
        ESP_LOGE(TAG, "no memory for the receive task, or no interrupt");
        del(&eth->api);
        return NULL;
    }
    return &eth->api;
}
